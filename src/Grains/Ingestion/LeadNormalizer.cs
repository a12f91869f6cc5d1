using System.Text;
using System.Text.Unicode;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Makes a lead of a post: <see cref="LeadNormalizer.Normalize(RawPost)"/>.</summary>
internal delegate Normalized Normalizer(RawPost post);

/// <summary>Makes a lead of a body. It validates nothing away: what has no field goes into the extra, and a body is refused only
/// where it is no JSON object and no form.</summary>
internal static class LeadNormalizer
{
    internal const string Empty = "empty";
    internal const string NotJson = "not_json";
    internal const string NotAnObject = "not_an_object";
    internal const string BrokenForm = "broken_form";
    internal const string BrokenEncoding = "broken_encoding";
    internal const string UnknownEncoding = "unknown_encoding";
    internal const string TooLarge = "too_large";

    internal static Normalized Normalize(RawPost post)
        => Normalize(post.Body, post.ContentType, post.ContentEncoding) is var made && made is Normalized.Lead lead && post.Query is { } query
            ? QueryLead.Add(lead, query)
            : made;

    /// <param name="body">As received.</param>
    /// <param name="contentType">Content-Type, or null.</param>
    /// <param name="contentEncoding">Content-Encoding, or null.</param>
    internal static Normalized Normalize(byte[] body, string? contentType, string? contentEncoding)
    {
        switch (ContentCoding.TryDecode(body, contentEncoding, RawPost.MaxBytes, out var plain))
        {
            case DecodeResult.TooLarge:
                return new Normalized.Invalid(TooLarge);
            case DecodeResult.Broken:
                return new Normalized.Invalid(BrokenEncoding);
            case DecodeResult.Unknown:
                return new Normalized.Invalid(UnknownEncoding);
        }

        // The usual one, without taking the header apart.
        if (contentType is null or "application/json" || !MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return JsonLead.Read(Utf8Of(plain, null).Span);
        }

        if (type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return MultipartLead.Read(plain, type.Boundary.HasValue ? HeaderUtilities.RemoveQuotes(type.Boundary).Value : null);
        }

        var charset = type.Charset.HasValue ? HeaderUtilities.RemoveQuotes(type.Charset).Value : null;
        return type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            ? ReadForm(plain, charset)
            : JsonLead.Read(Utf8Of(plain, charset).Span);
    }

    // Senders that name no type of their own, as curl -d, give JSON that of a form. A form's names are encoded, so none is an object.
    private static Normalized ReadForm(ReadOnlyMemory<byte> plain, string? charset)
    {
        var text = Utf8Of(plain, charset).Span.TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8) && JsonLead.Read(text) is Normalized.Lead lead ? lead : FormLead.Read(plain.Span, charset);
    }

    /// <summary>Text as valid UTF-8 without a byte order mark; what cannot be decoded becomes U+FFFD, and stays in the raw log as it was.</summary>
    internal static ReadOnlyMemory<byte> Utf8Of(ReadOnlyMemory<byte> text, string? charset)
    {
        var bytes = text.Span;
        if (bytes.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }
        else if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
        {
            return Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(bytes[2..]));
        }
        else if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            return Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(bytes[2..]));
        }
        else if (charset is not null && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && Charsets.Find(charset) is { } encoding)
        {
            return Encoding.UTF8.GetBytes(encoding.GetString(bytes));
        }

        return Utf8.IsValid(text.Span) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text.Span));
    }
}
