using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Ingestion;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Crm;

/// <summary>
/// An import: rows are posted a batch at a time, each under a key made of its bytes, so that sending a file again makes no lead
/// twice. The answer is a line for each row, written while the rest is read.
/// </summary>
internal sealed class CrmImport(HttpContext context, GrainCalls calls)
{
    private const int BatchRows = 200;
    private const int BatchBytes = 2 * 1024 * 1024;

    private static readonly byte[] s_noHeaders = "{}"u8.ToArray();

    private readonly List<ImportRow> _batch = new(BatchRows);
    private int _bytes;

    internal async Task RunAsync(IAsyncEnumerable<ImportRow> rows)
    {
        context.Response.ContentType = CrmFiles.Ndjson;
        context.Response.Headers.CacheControl = "no-store";
        await using var reader = rows.GetAsyncEnumerator(CancellationToken.None);
        while (await ReadAsync(reader))
        {
            _batch.Add(reader.Current);
            _bytes += reader.Current.Body?.Length ?? 0;
            if (_batch.Count >= BatchRows || _bytes >= BatchBytes)
            {
                await PostAsync();
            }
        }

        await PostAsync();
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static async ValueTask<bool> ReadAsync(IAsyncEnumerator<ImportRow> rows)
    {
        try
        {
            return await rows.MoveNextAsync();
        }
        catch (Exception broken) when (Body.IsUnreadable(broken) || ContentCoding.IsBroken(broken))
        {
            throw new BadHttpRequestException("The body cannot be read.", broken);
        }
    }

    private async Task PostAsync()
    {
        var posts = ImmutableArray.CreateBuilder<RawPost>(_batch.Count);
        foreach (var row in _batch)
        {
            if (row.Body is { } body)
            {
                posts.Add(PostOf(body));
            }
        }

        var outcomes = posts.Count == 0 ? [] : await calls.CallAsync<IIngestionGrain, ImmutableArray<RawPost>, ImmutableArray<PostOutcome>>(
            context.Tenant().GrainKey, posts.ToImmutable(), static (grain, posts, token) => grain.IngestManyAsync(posts, token), context.RequestAborted);
        var next = 0;
        foreach (var row in _batch)
        {
            Write(row.Line, row.Body is null ? null : outcomes[next++]);
        }

        _batch.Clear();
        _bytes = 0;
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private RawPost PostOf(byte[] body) => new(
        body,
        "application/json",
        ContentEncoding: null,
        s_noHeaders,
        context.Connection.RemoteIpAddress?.ToString(),
        context.TraceIdentifier,
        LeadKey.OfRow(body));

    private void Write(long line, PostOutcome? outcome)
    {
        using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteNumber("line"u8, line);
        var (name, leadId) = outcome switch
        {
            PostOutcome.Created created => ("created", created.LeadId),
            PostOutcome.Repeated repeated => ("duplicate", repeated.LeadId),
            _ => ("invalid", (Guid?)null),
        };
        json.WriteString("outcome"u8, name);
        json.WriteString("leadId"u8, leadId);
        json.WriteEndObject();
        json.Flush();
        System.Buffers.BuffersExtensions.Write(context.Response.BodyWriter, "\n"u8);
    }
}
