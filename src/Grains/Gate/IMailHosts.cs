namespace LeadGrain.Grains.Gate;

/// <summary>Tells whether domains take mail.</summary>
internal interface IMailHosts
{
    /// <summary>Whether a domain takes mail; null where nobody can tell now. Never throws, and answers within a set time.</summary>
    ValueTask<bool?> TakesMailAsync(string domain);
}

/// <summary>For a grid that is not to ask: nobody can tell.</summary>
internal sealed class NoMailHosts : IMailHosts
{
    /// <inheritdoc/>
    public ValueTask<bool?> TakesMailAsync(string domain) => ValueTask.FromResult<bool?>(null);
}
