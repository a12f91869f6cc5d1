using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Crm;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Crm;

/// <summary>Reads a change of a lead.</summary>
internal static class CrmChangeInput
{
    internal const string UserHeader = "X-User-Id";

    private const int MaxNotes = 10_000;

    /// <summary>What the body says.</summary>
    internal static Parsed<CrmChange> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var change = new CrmChange(
            Guid.Empty,
            string.Empty,
            Given(root, "status"u8) ? new NewValue(members.OptionalText("status"u8)) : null,
            Given(root, "assignedTo"u8) ? new NewValue(members.OptionalText("assignedTo"u8)) : null,
            Given(root, "notes"u8) ? new NewValue(members.OptionalText("notes"u8, MaxNotes)) : null,
            members.OptionalInteger("version"u8, 1, int.MaxValue));
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return change.Status is { Value: { } status } && string.IsNullOrWhiteSpace(status)
            ? Problem.InvalidMember("status", "must not be blank.")
            : change;
    }

    /// <summary>What path and headers say.</summary>
    internal static Parsed<CrmChange> Complete(CrmChange change, Guid id, IHeaderDictionary headers)
    {
        var user = headers[UserHeader];
        if (user.Count > 1 || user is [{ Length: > MemberReader.MaxIdLength }] || user.ToString().AsSpan().ContainsAnyInRange('\0', '\u001f'))
        {
            return Problem.InvalidHeader(UserHeader, $"must be given once, at most {MemberReader.MaxIdLength} printable characters.");
        }

        int? version = null;
        if (headers.IfMatch is { Count: > 0 } match && match != "*")
        {
            // Given several times they are joined by commas, and refused as a list is. A proxy that compresses answers makes their tags weak.
            var tag = match.ToString();
            if (!int.TryParse((tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var matched))
            {
                return Problem.InvalidHeader("If-Match", "must be the ETag of an earlier answer.");
            }

            version = matched;
        }

        return change with { Id = id, By = user is [{ Length: > 0 } by] ? by : "key", Version = version ?? change.Version };
    }

    private static bool Given(JsonElement root, ReadOnlySpan<byte> name) => root.TryGetProperty(name, out _);
}
