using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// What a 200 of Smartlead's says of the emails that were sent: of each, where it names them; otherwise of all alike; or
/// neither, where it only counts and not all fared alike.
/// </summary>
internal abstract record SmartleadAnswer
{
    private SmartleadAnswer()
    {
    }

    /// <summary>The fate of every email is known.</summary>
    internal sealed record Told(IReadOnlyDictionary<string, PushResult> ByEmail) : SmartleadAnswer;

    /// <summary>Of some emails it is known, of the others only how many fared how: they must be asked for apart.</summary>
    internal sealed record Counted(IReadOnlyDictionary<string, PushResult> ByEmail) : SmartleadAnswer;

    /// <summary>It cannot be understood.</summary>
    internal sealed record Unreadable : SmartleadAnswer;

    /// <summary>Reads one. Pure.</summary>
    /// <param name="body">As it came.</param>
    /// <param name="emails">The emails that were sent, by their keys, each once.</param>
    internal static SmartleadAnswer Read(ReadOnlyMemory<byte> body, IReadOnlyCollection<string> emails)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new Reader(document.RootElement, emails).Read()
                : new Unreadable();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter: text that is no text, such as half a surrogate pair.
            return new Unreadable();
        }
    }

    private sealed class Reader(JsonElement root, IReadOnlyCollection<string> emails)
    {
        private readonly Dictionary<string, PushResult> _known = [];

        // No vendor's id is so long; an index takes no row of some kilobytes, and PostgreSQL no NUL.
        private const int LongestId = 255;

        private readonly bool _exhausted = root.TryGetProperty("is_lead_limit_exhausted", out var value) && value.ValueKind == JsonValueKind.True;

        // How many refusals are counted, and how many of them name their lead, by cause.
        private readonly Dictionary<string, int> _named = [];
        private int _refused;
        private HashSet<string> _elsewhere = [];

        internal SmartleadAnswer Read()
        {
            var (added, already) = (Math.Max(Count("total_leads"), Count("added_count")), Count("already_added_to_campaign"));
            var counts = root.TryGetProperty("total_leads", out _) || root.TryGetProperty("added_count", out _)
                || root.TryGetProperty("already_added_to_campaign", out _);
            if (!_exhausted && (!counts || root.TryGetProperty("ok", out var ok) && ok.ValueKind == JsonValueKind.False))
            {
                return new Unreadable();
            }

            ReadIds();
            ReadRefused("invalid_email_count", "invalid_emails", "invalid email");
            ReadRefused("unsubscribed_leads", "unsubscribed_leads", "unsubscribed");
            ReadRefused("block_count", null, "blocked");
            ReadRefused("bounce_count", null, "bounced");
            ReadSkipped();
            return Sort(added, already);
        }

        private SmartleadAnswer Sort(int added, int already)
        {
            var rest = emails.Where(email => !_known.ContainsKey(email)).ToArray();
            // Those that skipped_leads calls already there need not be in the count of them.
            var inRest = Math.Max(0, added - _known.Values.Count(result => result is PushResult.Accepted))
                + Math.Max(0, already - _known.Values.Count(result => result is PushResult.AlreadyThere));
            if (rest.Length == 0)
            {
                return new Told(_known);
            }

            var all = inRest >= rest.Length && _refused <= _named.Values.Sum() && !_exhausted;
            if (all || (rest.Length == 1 && inRest > 0))
            {
                return Fill(rest, added == 0 ? new PushResult.AlreadyThere() : new PushResult.Accepted());
            }

            return inRest > 0 ? new Counted(_known)
                : _exhausted ? Fill(rest, new PushResult.Stop("lead limit exhausted"))
                : OnlyCause(rest) is { } why ? Fill(rest, new PushResult.Refused(why))
                : new Counted(_known);
        }

        private Told Fill(IEnumerable<string> rest, PushResult result)
        {
            foreach (var email in rest)
            {
                _known[email] = result;
            }

            return new Told(_known);
        }

        /// <summary>The one cause that explains why none of these is in; null where there are several, or none.</summary>
        private string? OnlyCause(string[] rest)
        {
            // A refusal that names its lead says nothing of those beside it. These two may count leads under any name.
            var there = _known.Values.Count(result => result is PushResult.AlreadyThere);
            (string Why, int Count)[] causes =
            [
                Left("invalid_email_count", "invalid email"), Left("unsubscribed_leads", "unsubscribed"), Left("block_count", "blocked"),
                Left("bounce_count", "bounced"), Left("duplicate_count", SmartleadReason.Elsewhere, there),
                ("skipped", Count("skipped_count") - _named.Values.Sum() - there),
            ];
            var told = causes.Where(cause => cause.Count > 0).ToArray();
            return told is [var (only, count)] && count >= rest.Length ? only
                : rest.Length > 1 ? null
                : told is [var first, ..] ? first.Why
                : _elsewhere.Contains(rest[0]) ? SmartleadReason.Elsewhere : null;
        }

        private (string Why, int Count) Left(string member, string why, int more = 0) => (why, Count(member) - _named.GetValueOrDefault(why) - more);

        private void ReadIds()
        {
            if (!root.TryGetProperty("emailToLeadIdMap", out var map) || map.ValueKind != JsonValueKind.Object)
            {
                return;
            }

            // Those in other campaigns may have been added or not, by the settings: the counts tell.
            if (map.TryGetProperty("existingLeadsInOtherCampaigns", out var others) && others.ValueKind == JsonValueKind.Object)
            {
                _elsewhere = others.EnumerateObject().Select(entry => EmailKey.Of(entry.Name)).ToHashSet(StringComparer.Ordinal);
            }

            ReadIds(map, "existingLeads", static id => new PushResult.AlreadyThere(id));
            ReadIds(map, "newlyAddedLeads", static id => new PushResult.Accepted(id));
        }

        private void ReadIds(JsonElement map, string list, Func<string?, PushResult> result)
        {
            if (map.TryGetProperty(list, out var ids) && ids.ValueKind == JsonValueKind.Object)
            {
                foreach (var entry in ids.EnumerateObject())
                {
                    Know(entry.Name, result(Kept(Text(entry.Value))));
                }
            }
        }

        private void ReadRefused(string count, string? list, string why)
        {
            _refused += Count(count);
            if (list is null || !root.TryGetProperty(list, out var emails) || emails.ValueKind != JsonValueKind.Array)
            {
                return;
            }

            foreach (var entry in emails.EnumerateArray())
            {
                Refuse(entry.ValueKind == JsonValueKind.Object ? Member(entry, "email") : Text(entry), why);
            }
        }

        private void ReadSkipped()
        {
            _refused += Count("skipped_count");
            if (!root.TryGetProperty("skipped_leads", out var skipped) || skipped.ValueKind != JsonValueKind.Array)
            {
                return;
            }

            foreach (var entry in skipped.EnumerateArray())
            {
                var isObject = entry.ValueKind == JsonValueKind.Object;
                var email = isObject ? Member(entry, "email") : Text(entry);
                var reason = isObject ? Member(entry, "reason") ?? "" : "";
                if (email is not null && SmartleadReason.IsAlready(reason))
                {
                    Name("already");
                    Know(email, new PushResult.AlreadyThere(Kept(Member(entry, "lead_id"))));
                }
                else
                {
                    Refuse(email, SmartleadReason.Why(reason));
                }
            }
        }

        private void Refuse(string? email, string why)
        {
            if (email is not null)
            {
                Name(why);
                Know(email, new PushResult.Refused(why));
            }
        }

        private void Name(string cause) => _named[cause] = _named.GetValueOrDefault(cause) + 1;

        private void Know(string email, PushResult result)
        {
            var key = EmailKey.Of(email);
            if (emails.Contains(key))
            {
                _known[key] = result;
            }
        }

        private int Count(string member) => root.TryGetProperty(member, out var value)
            ? value.ValueKind switch
            {
                JsonValueKind.Number when value.TryGetInt32(out var count) => Math.Max(0, count),
                JsonValueKind.Array => value.GetArrayLength(),
                _ => 0,
            }
            : 0;

        private static string? Kept(string? id) => id is { Length: <= LongestId } && !id.Contains('\0', StringComparison.Ordinal) ? id : null;

        private static string? Member(JsonElement owner, string name) => owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? Text(value) : null;

        private static string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }
}
