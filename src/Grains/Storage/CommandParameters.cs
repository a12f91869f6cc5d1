using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>Positional parameters in one line.</summary>
internal static class CommandParameters
{
    /// <summary>Adds values as $1, $2 and on; the statement tells a null's type.</summary>
    internal static void Bind(this NpgsqlCommand command, params ReadOnlySpan<object?> values)
    {
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
    }
}
