using Xunit.Abstractions;

namespace LeadGrain.Tests;

/// <summary>Starts the classes that take longest first (<see cref="SlowTests"/>), so that a run does not end with waiting for one of them.</summary>
public sealed class SlowFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
        => testCollections.OrderBy(collection => Array.FindIndex(
            SlowTests.Classes, slow => collection.DisplayName.EndsWith(slow.FullName!, StringComparison.Ordinal)) is >= 0 and var n ? n : SlowTests.Classes.Length);
}
