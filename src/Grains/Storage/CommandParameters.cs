using Npgsql;
using NpgsqlTypes;

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

    /// <summary>A column of raw JSON.</summary>
    internal static NpgsqlParameter Json(byte[]?[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json };

    /// <summary>One value of each row.</summary>
    internal static TValue[] Column<TRow, TValue>(this IReadOnlyList<TRow> rows, Func<TRow, TValue> value)
    {
        var column = new TValue[rows.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(rows[i]);
        }

        return column;
    }
}
