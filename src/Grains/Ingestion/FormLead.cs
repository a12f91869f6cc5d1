using System.Buffers;
using System.Globalization;
using System.Text;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Reads a lead from a web form's body, application/x-www-form-urlencoded.</summary>
internal static class FormLead
{
    // Far more than forms have. A kilobyte, packed, can hold half a million, and all of a commit wait for the one that makes leads of them.
    internal const int MostMembers = 2_000;

    /// <summary>By which name what comes behind so many is kept, as one text.</summary>
    internal const string Rest = "rest";

    internal static Normalized Read(ReadOnlySpan<byte> body, string? charset)
    {
        var draft = new LeadDraft();
        var members = 0;
        foreach (var range in body.Split((byte)'&'))
        {
            var member = body[range];
            if (member.IsEmpty)
            {
                continue;
            }

            if (members == MostMembers)
            {
                draft.AddText(Rest, Encoding.UTF8.GetString(LeadNormalizer.Utf8Of(body[range.Start..].ToArray(), charset).Span));
                break;
            }

            var equals = member.IndexOf((byte)'=');
            draft.Add(
                Decode(equals < 0 ? member : member[..equals], charset),
                equals < 0 ? string.Empty : Decode(member[(equals + 1)..], charset));
            members++;
        }

        return members == 0 ? new Normalized.Invalid(LeadNormalizer.Empty) : draft.Finish();
    }

    private static string Decode(ReadOnlySpan<byte> encoded, string? charset)
    {
        var bytes = new ArrayBufferWriter<byte>(encoded.Length + 1);
        for (var at = 0; at < encoded.Length; at++)
        {
            var value = encoded[at];
            if (value == '+')
            {
                value = (byte)' ';
            }
            else if (value == '%' && at + 2 < encoded.Length
                && byte.TryParse(encoded.Slice(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped))
            {
                value = escaped;
                at += 2;
            }

            bytes.GetSpan(1)[0] = value;
            bytes.Advance(1);
        }

        return Encoding.UTF8.GetString(LeadNormalizer.Utf8Of(bytes.WrittenMemory, charset).Span);
    }
}
