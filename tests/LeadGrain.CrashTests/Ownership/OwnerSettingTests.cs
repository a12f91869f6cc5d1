using LeadGrain.CrashTests.Processes;

namespace LeadGrain.CrashTests.Ownership;

public sealed class OwnerSettingTests
{
    [Theory]
    [InlineData("EmbeddedHost__OwnerTimeout", "soon", "EmbeddedHost:OwnerTimeout")]
    [InlineData("EmbeddedHost__OwnerTimeout", "00:00:00", "OwnerTimeout")]
    [InlineData("EmbeddedHost__OwnerTimeout", "00:00:01", "OwnerTimeout")]
    [InlineData("EmbeddedHost__Heartbeat", "0", "Heartbeat")]
    public async Task A_wrong_time_is_refused(string name, string value, string named)
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, More = { [name] = value } };

        await WrongSettingTests.AssertRefusedAsync(settings, named);
    }
}
