using System.Diagnostics;
using System.Text.RegularExpressions;
using OpenTelemetry;

namespace LeadGrain.Silo;

/// <summary>Takes out of spans what may name a person or open a door: the values of query strings, emails in paths, the
/// user part of URLs, and the messages of exceptions.</summary>
internal sealed partial class SpanRedaction : BaseProcessor<Activity>
{
    private const string Redacted = "REDACTED";
    private static readonly string[] s_urlTags = ["url.full", "url.query", "url.path", "http.url", "http.target"];

    /// <inheritdoc />
    public override void OnEnd(Activity data)
    {
        foreach (var tag in s_urlTags)
        {
            if (data.GetTagItem(tag) is string value)
            {
                data.SetTag(tag, tag == "url.query" ? Query(value) : Url(value));
            }
        }
        if (data.StatusDescription is not null)
        {
            data.SetStatus(data.Status);
        }
    }

    /// <summary>A listener that only says what is recorded of an exception: its type and where it was thrown.</summary>
    public static ActivityListener Exceptions(IReadOnlyCollection<string> sources) => new()
    {
        ShouldListenTo = source => sources.Any(name => name.EndsWith('*')
            ? source.Name.StartsWith(name[..^1], StringComparison.Ordinal) : source.Name == name),
        ExceptionRecorder = (Activity _, Exception exception, ref TagList tags) =>
        {
            tags.Add("exception.message", Redacted);
            tags.Add("exception.stacktrace", exception.StackTrace ?? "");
        },
    };

    /// <summary>The URL or path with its query's values, its user part and any email in its path taken out.</summary>
    public static string Url(string url)
    {
        var hash = url.IndexOf('#', StringComparison.Ordinal);
        var bare = hash < 0 ? url : url[..hash];
        var mark = bare.IndexOf('?', StringComparison.Ordinal);
        var path = mark < 0 ? bare : bare[..mark];
        path = EmailSegment().Replace(UserPart().Replace(path, "$1"), "$1" + Redacted);
        return mark < 0 ? path : $"{path}?{Query(bare[(mark + 1)..])}";
    }

    /// <summary>The query with its names kept and its values taken out.</summary>
    public static string Query(string query)
    {
        var mark = query.StartsWith('?') ? "?" : "";
        var pairs = query[mark.Length..].Split('&').Select(pair =>
            pair.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0 ? $"{pair[..equals]}={Redacted}" : Bare(pair));
        return mark + string.Join('&', pairs);
    }

    // HttpClient has put a star in place of a whole query; a word without a value may be a value itself.
    private static string Bare(string pair) => pair is "" or "*" ? pair : Redacted;

    [GeneratedRegex("^([a-z][a-z0-9+.-]*://)[^/]*@", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UserPart();

    [GeneratedRegex("(^|/)[^/]*(?:@|%40)[^/]*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex EmailSegment();
}
