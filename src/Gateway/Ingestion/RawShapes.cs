using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>A page of the raw log, newest first.</summary>
/// <param name="Entries">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record RawEntries(IReadOnlyList<RawEntryView> Entries, string? Next);

/// <summary>An entry of the raw log.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="ReceivedAt">When it came, UTC.</param>
/// <param name="State">pending, stored, duplicate, conflict, invalid or failed.</param>
/// <param name="Reason">Why, where there is something to say.</param>
/// <param name="LeadId">The lead that it is or repeats.</param>
/// <param name="ContentType">As given.</param>
/// <param name="ContentEncoding">As given.</param>
/// <param name="Bytes">Length of the body as received.</param>
/// <param name="RequestId">Of the request.</param>
public sealed record RawEntryView(
    Guid Id,
    DateTimeOffset ReceivedAt,
    string State,
    string? Reason,
    Guid? LeadId,
    string? ContentType,
    string? ContentEncoding,
    int Bytes,
    string RequestId);

/// <summary>An entry of the raw log with its body.</summary>
/// <param name="Entry">What is known of it.</param>
/// <param name="RemoteAddress">Of the connection; masked unless redact=false.</param>
/// <param name="Query">Of the URL; null where it has none, masked unless redact=false.</param>
/// <param name="Headers">Those that cannot hold a secret; values masked unless redact=false.</param>
/// <param name="Body">The structure of a JSON body, values masked; null with redact=false.</param>
/// <param name="BodyBase64">The exact bytes; null unless redact=false.</param>
public sealed record RawEntryWithBody(
    RawEntryView Entry, string? RemoteAddress, string? Query, JsonElement Headers, JsonElement? Body, string? BodyBase64);

/// <summary>What to make leads of anew. All that is given must hold, and at least one must be given.</summary>
/// <param name="From">Received at or after this ISO 8601 time.</param>
/// <param name="To">Received before this ISO 8601 time; without it, before the request.</param>
/// <param name="States">Of these states.</param>
/// <param name="Ids">These entries.</param>
public sealed record ReplayRequest(
    string? From = null,
    string? To = null,
    IReadOnlyList<string>? States = null,
    [property: MaxLength(ReplayInput.MostIds)] IReadOnlyList<Guid>? Ids = null);
