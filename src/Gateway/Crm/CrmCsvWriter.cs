using System.Buffers;
using System.Globalization;
using System.Text;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

/// <summary>Writes leads as CSV (RFC 4180).</summary>
internal sealed class CrmCsvWriter(IBufferWriter<byte> output)
{
    private static readonly SearchValues<char> s_quoted = SearchValues.Create(",;\t\"\r\n"); // spreadsheets may split at ; and tabs too

    /// <summary>What an export has before a lead's fields.</summary>
    internal static IReadOnlyList<string> Bookkeeping { get; } = ["id", "createdAt", "status", "assignedTo", "notes"];

    internal void WriteHeader()
    {
        var line = new StringBuilder(string.Join(',', Bookkeeping));
        foreach (var name in LeadFields.Names)
        {
            line.Append(',').Append(name);
        }

        End(line.Append(",extra"));
    }

    internal void Write(CrmLead lead)
    {
        var line = new StringBuilder(256);
        line.Append(lead.Id).Append(',').Append(lead.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        Append(line, lead.Status);
        Append(line, lead.AssignedTo);
        Append(line, lead.Notes);
        foreach (var field in lead.Fields)
        {
            Append(line, field);
        }

        Append(line, lead.Extra is null ? null : Encoding.UTF8.GetString(lead.Extra));
        End(line);
    }

    /// <summary>A value as a cell: one that a spreadsheet would run begins with an apostrophe.</summary>
    internal static string Cell(string value)
    {
        var safe = CsvGuard.Put(value);
        return safe.AsSpan().ContainsAny(s_quoted) ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    private static void Append(StringBuilder line, string? value)
    {
        line.Append(',');
        if (value is not null)
        {
            line.Append(Cell(value));
        }
    }

    private void End(StringBuilder line) => Encoding.UTF8.GetBytes(line.Append("\r\n").ToString(), output);
}
