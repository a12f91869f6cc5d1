using System.Text;

namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>The charsets that are understood, by their names in a Content-Type.</summary>
public static class Charsets
{
    /// <summary>A charset; null where it is not known.</summary>
    public static Encoding? Find(string charset)
    {
        // RFC 2781: without a mark, UTF-16 is big-endian; what browsers and Windows send is not.
        if (charset.Equals("utf-16", StringComparison.OrdinalIgnoreCase))
        {
            return Encoding.Unicode;
        }

        try
        {
            // The first has those of old Windows and other pages. UTF-7 is known, and refused.
            return CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset);
        }
        catch (Exception unknown) when (unknown is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
