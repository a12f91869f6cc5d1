using System.Globalization;
using LeadGrain.Sandbox.Clay;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.Silo;

/// <summary>How the sandbox's services behave, from SANDBOX_FAULTS, SANDBOX_SEED and SANDBOX_SMARTLEAD_SHAPE.</summary>
/// <param name="Smartlead">The fake Smartlead.</param>
/// <param name="Clay">The fake Clay.</param>
internal sealed record SandboxSettings(FakeSmartleadOptions Smartlead, FakeClayOptions Clay)
{
    /// <summary>Reads them.</summary>
    /// <param name="variable">Gives a variable's text; null where it is not set.</param>
    /// <exception cref="SettingException">One of them cannot be used.</exception>
    internal static SandboxSettings Read(Func<string, string?> variable)
    {
        var seed = Seed(variable("SANDBOX_SEED"));
        var smartlead = new FakeSmartleadOptions
        {
            Faults = Faults(variable("SANDBOX_FAULTS")),
            Seed = seed,
            Shape = Shape(variable("SANDBOX_SMARTLEAD_SHAPE")),
        };
        return new SandboxSettings(smartlead, new FakeClayOptions { Seed = seed });
    }

    private static double Faults(string? text)
        => string.IsNullOrWhiteSpace(text) ? 0
            : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part) && part <= 1 ? part
            : throw new SettingException($"SANDBOX_FAULTS must be a number from 0 to 1, not {text}.");

    private static int Seed(string? text)
        => string.IsNullOrWhiteSpace(text) ? 1
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed
            : throw new SettingException($"SANDBOX_SEED must be a whole number, not {text}.");

    private static SmartleadShape Shape(string? text) => text?.Trim().ToLowerInvariant() switch
    {
        null or "" or "older" => SmartleadShape.Older,
        "newer" => SmartleadShape.Newer,
        "either" => SmartleadShape.Either,
        _ => throw new SettingException($"SANDBOX_SMARTLEAD_SHAPE must be older, newer or either, not {text}."),
    };
}
