using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;

namespace LeadGrain.Tests.Ingestion;

public sealed class RawRowTests
{
    /// <summary>A commit of 512 is to hold some 8 MB of what leads are made of, however well it was packed.</summary>
    [Theory]
    [InlineData(300, null, 1)]
    [InlineData(1024 * 1024, "identity", 65)]
    [InlineData(300, "gzip", 19)]
    [InlineData(1024, "gzip", 65)]
    [InlineData(1024 * 1024, "GZIP", 65)]
    [InlineData(20, "br", 65)]
    [InlineData(20, "unknown", 65)]
    public void A_packed_body_weighs_what_it_may_unfold_to(int bytes, string? encoding, int weight)
        => Assert.Equal(weight, new RawRow(1, Guid.NewGuid(), DateTime.UtcNow, new RawPost(new byte[bytes], "application/json", encoding, [], null, "r", null)).Weight);
}
