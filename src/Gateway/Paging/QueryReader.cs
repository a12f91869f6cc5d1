using System.Globalization;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Paging;

/// <summary>Reads query parameters and keeps the first problem. An empty parameter counts as absent.</summary>
internal ref struct QueryReader(IQueryCollection query)
{
    internal const int DefaultLimit = 100;
    internal const int MaxLimit = 1000;

    private List<string>? _asked;

    internal Problem? Problem { get; private set; }

    /// <summary>Refuses what nobody has asked for: where a filter is misspelled, everything would match.</summary>
    internal void RefuseOthers()
    {
        foreach (var name in query.Keys)
        {
            if (_asked?.Contains(name, StringComparer.OrdinalIgnoreCase) != true)
            {
                Refuse(name, "is no parameter of this route.");
            }
        }
    }

    internal string? Text(string name)
    {
        (_asked ??= []).Add(name);
        var values = query[name];
        if (values.Count > 1)
        {
            Refuse(name, "must be given once.");
            return null;
        }

        if (values is not [{ Length: > 0 } text])
        {
            return null;
        }

        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                Refuse(name, "must not hold control characters.");
                return null;
            }
        }

        return text;
    }

    internal int Limit()
    {
        if (Text("limit") is not { } text)
        {
            return DefaultLimit;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) || limit is < 1 or > MaxLimit)
        {
            Refuse("limit", $"must be a whole number from 1 to {MaxLimit}.");
        }

        return limit;
    }

    /// <summary>A whole number within bounds.</summary>
    internal int? Integer(string name, int least, int most)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, $"must be a whole number from {least} to {most}.");
        return null;
    }

    /// <summary>One of some words.</summary>
    internal string? Word(string name, params ReadOnlySpan<string> words)
    {
        var text = Text(name);
        if (text is not null && !words.Contains(text))
        {
            Refuse(name, $"must be one of {string.Join(", ", words)}.");
        }

        return text;
    }

    /// <summary>A UUID.</summary>
    internal Guid? Id(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (Guid.TryParse(text, out var id))
        {
            return id;
        }

        Refuse(name, "must be a UUID.");
        return null;
    }

    internal DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // An offset's plus sign that was not escaped arrives as a space.
        if (IsoTime.Read(text.Replace(' ', '+')) is { } time)
        {
            return time;
        }

        Refuse(name, IsoTime.Must);
        return null;
    }

    private void Refuse(string name, string must) => Problem ??= Problem.InvalidParameter(name, must);
}
