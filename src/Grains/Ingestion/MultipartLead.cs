using System.Globalization;
using System.Text;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Reads a lead from multipart/form-data. Of a file only name, type and length are told; its bytes stay in the raw log.</summary>
internal static class MultipartLead
{
    internal static Normalized Read(ReadOnlyMemory<byte> body, string? boundary)
    {
        if (string.IsNullOrEmpty(boundary))
        {
            return new Normalized.Invalid(LeadNormalizer.BrokenForm);
        }

        var delimiter = Encoding.UTF8.GetBytes($"\r\n--{boundary}");
        var end = EndOf(body.Span, delimiter);
        byte[] close = end < body.Length ? [.. delimiter, .. "--\r\n"u8] : [];
        using var stream = new MemoryStream([.. body.Span[..end], .. close], writable: false);
        try
        {
            // The stream is memory: nothing is waited for.
            return ReadAsync(stream, boundary, body[end..]).GetAwaiter().GetResult();
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException or ArgumentException)
        {
            return new Normalized.Invalid(LeadNormalizer.BrokenForm);
        }
    }

    // Behind the last part that is taken apart, as in a form.
    private static int EndOf(ReadOnlySpan<byte> body, ReadOnlySpan<byte> delimiter)
    {
        var at = 0;
        for (var parts = 1; body[at..].IndexOf(delimiter) is >= 0 and var next; parts++)
        {
            at += next + delimiter.Length;
            if (parts == FormLead.MostMembers && !body[at..].StartsWith("--"u8))
            {
                return at - delimiter.Length;
            }
        }

        return body.Length;
    }

    private static async Task<Normalized> ReadAsync(Stream stream, string boundary, ReadOnlyMemory<byte> rest)
    {
        var reader = new MultipartReader(boundary, stream) { HeadersCountLimit = 100, HeadersLengthLimit = RawPost.MaxBytes };
        var draft = new LeadDraft();
        var parts = 0;
        while (await reader.ReadNextSectionAsync() is { } section)
        {
            using var content = new MemoryStream();
            await section.Body.CopyToAsync(content);
            Add(draft, section, content.GetBuffer().AsMemory(0, (int)content.Length));
            parts++;
        }

        if (!rest.IsEmpty)
        {
            draft.AddText(FormLead.Rest, Encoding.UTF8.GetString(LeadNormalizer.Utf8Of(rest, null).Span));
        }

        return parts == 0 ? new Normalized.Invalid(LeadNormalizer.Empty) : draft.Finish();
    }

    private static void Add(LeadDraft draft, MultipartSection section, ReadOnlyMemory<byte> content)
    {
        var known = ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition);
        var name = known ? HeaderUtilities.RemoveQuotes(disposition!.Name).Value ?? string.Empty : string.Empty;
        if (!known || !disposition!.IsFileDisposition())
        {
            var charset = MediaTypeHeaderValue.TryParse(section.ContentType, out var type) ? HeaderUtilities.RemoveQuotes(type.Charset).Value : null;
            draft.Add(name, Encoding.UTF8.GetString(LeadNormalizer.Utf8Of(content, charset).Span));
            return;
        }

        var file = HeaderUtilities.RemoveQuotes(disposition!.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;
        draft.AddRaw(
            LeadDraft.Quote(name),
            Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"filename":{{Json(file)}},"contentType":{{Json(section.ContentType)}},"bytes":{{content.Length}}}""")));
    }

    private static string Json(string? text) => text is null ? "null" : Encoding.UTF8.GetString(LeadDraft.Quote(text));
}
