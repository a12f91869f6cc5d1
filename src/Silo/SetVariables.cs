using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace LeadGrain.Silo;

/// <summary>
/// The environment's variables as settings. An empty one, as a compose file or a deployment's template leaves it, is one
/// that is not set, but where empty says something.
/// </summary>
internal sealed class SetVariables : EnvironmentVariablesConfigurationProvider, IConfigurationSource
{
    private const string SaysSomethingEmpty = "INGEST_ORGANIZATION"; // posts need a key

    /// <summary>Takes the place of the variables as they are.</summary>
    internal static void Use(IConfigurationBuilder configuration)
    {
        for (var i = 0; i < configuration.Sources.Count; i++)
        {
            if (configuration.Sources[i] is EnvironmentVariablesConfigurationSource { Prefix: null or "" })
            {
                configuration.Sources[i] = new SetVariables();
            }
        }
    }

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <inheritdoc/>
    public override void Load()
    {
        base.Load();
        foreach (var (name, value) in Data.ToArray())
        {
            if (string.IsNullOrWhiteSpace(value) && !name.Equals(SaysSomethingEmpty, StringComparison.OrdinalIgnoreCase))
            {
                Data.Remove(name);
            }
        }
    }
}
