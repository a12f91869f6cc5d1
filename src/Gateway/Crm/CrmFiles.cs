using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Audit;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Gateway.Crm;

/// <summary>Leads as files, of any length and in constant memory: CSV out, CSV and NDJSON in.</summary>
internal static class CrmFiles
{
    internal const string Csv = "text/csv";
    internal const string Ndjson = "application/x-ndjson";

    // Some hundred kilobytes of leads at a time.
    private const int ExportPage = 500;

    internal static void MapCrmFiles(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/crm/leads.csv", ExportAsync)
            .Audited()
            .Describe("exportLeads", "CRM", "Export leads", "All leads that match, newest first, as CSV (RFC 4180). Values that a spreadsheet would run as a formula begin with an apostrophe, and so does what it would run behind a semicolon, tab or line break in them.")
            .Filtered()
            .AnswersText(Csv, "id,createdAt,status,assignedTo,notes,click_id,country\r\n0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10,2024-01-15T10:00:00.0000000Z,new,,,12345,LV\r\n");
        routes.MapPost("/crm/leads/import", ImportAsync)
            .Audited()
            .Describe("importLeads", "CRM", "Import leads", "CSV with a header row, or NDJSON, in any charset that Content-Type names, gzip and br too. Each row goes the way of a posted lead, and is answered while the rest is read. A row that was imported before is a duplicate; one longer than 1 MB is invalid, and those behind it are read.")
            .TakesText((Csv, "email,firstName,phone\r\nuser@example.com,John,+371123456789\r\n"), (Ndjson, "{\"email\":\"user@example.com\"}\n"))
            .AnswersText(Ndjson, "{\"line\":2,\"outcome\":\"created\",\"leadId\":\"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10\"}\n")
            .Fails(StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task ExportAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        if (CrmFilter.Read(context.Request.Query, context.Tenant(), tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var query = filter.Query with { Limit = ExportPage, Before = null };
        var filters = new JsonArray([.. context.Request.Query.Keys.Order(StringComparer.Ordinal).Select(static name => JsonValue.Create(name))]);
        await context.NoteAsync(calls, "leads_exported", "organization", "leads", new JsonObject { ["filters"] = filters });
        var page = await ReadAsync(query);
        context.Response.ContentType = $"{Csv}; charset=utf-8; header=present";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"leads.csv\"";
        context.Response.Headers.CacheControl = "no-store";
        var csv = new CrmCsvWriter(context.Response.BodyWriter);
        csv.WriteHeader();
        while (true)
        {
            foreach (var lead in page.Leads)
            {
                csv.Write(lead);
            }

            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            if (!page.HasMore)
            {
                return;
            }

            page = await ReadAsync(query with { Before = page.Leads[^1].Id });
        }

        Task<CrmPage> ReadAsync(CrmQuery query) => calls.CallAsync<ICrmGrain, CrmQuery, CrmPage>(
            context.Tenant().GrainKey, query, static (grain, query, token) => grain.ListAsync(query, token), context.RequestAborted);
    }

    private static async Task ImportAsync(HttpContext context, GrainCalls calls)
    {
        var type = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var parsed) ? parsed.MediaType.Value : null;
        var isCsv = Csv.Equals(type, StringComparison.OrdinalIgnoreCase);
        if (!isCsv && !Ndjson.Equals(type, StringComparison.OrdinalIgnoreCase) && !"application/ndjson".Equals(type, StringComparison.OrdinalIgnoreCase))
        {
            await context.AnswerAsync(Problem.UnsupportedMediaType() with { Detail = $"The body must be {Csv} or {Ndjson}." });
            return;
        }

        var charset = CharsetOf(parsed);
        await using var body = ContentCoding.Open(context.Request.Body, context.Request.Headers.ContentEncoding);
        if (charset is null || body is null)
        {
            await context.AnswerAsync(Problem.UnsupportedMediaType() with { Detail = "The charset or the Content-Encoding is not known; gzip and br are." });
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = null;
        }

        var import = new CrmImport(context, calls);
        await context.NoteAsync(calls, "leads_imported", "organization", "leads", new JsonObject { ["type"] = isCsv ? Csv : Ndjson });
        await import.RunAsync(isCsv ? CsvRows.ReadAsync(body, charset) : NdjsonRows.ReadAsync(Utf8Of(body, charset)));
    }

    private static Encoding? CharsetOf(MediaTypeHeaderValue? type)
        => type is { Charset.HasValue: true } ? Charsets.Find(HeaderUtilities.RemoveQuotes(type.Charset).Value!) : Encoding.UTF8;

    private static PipeReader Utf8Of(Stream body, Encoding charset)
        => PipeReader.Create(charset.CodePage == Encoding.UTF8.CodePage ? body : Encoding.CreateTranscodingStream(body, charset, Encoding.UTF8));
}
