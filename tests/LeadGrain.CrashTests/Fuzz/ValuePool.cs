using System.Collections.Concurrent;
using System.Text.Json;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>
/// Values to ask with: the document's examples, varied, and what the host itself has answered (page tokens, ids), so that
/// requests get behind validation.
/// </summary>
internal sealed class ValuePool
{
    // Few enough that the host meets the same names again and again, and that what it keeps of each is bounded.
    private const int Variants = 24;
    private const int EmailVariants = 5_000;
    private const int KeptAnswers = 64;

    private readonly ConcurrentDictionary<string, List<string>> _examples = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string[]> _answered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _turns = new(StringComparer.Ordinal);

    /// <summary>Takes the texts of an example as what such members look like.</summary>
    internal void AddExample(JsonElement example)
    {
        foreach (var place in JsonPlace.Below(JsonTree.Of(example)))
        {
            if (place is { Name: { } name, Value: JsonLeaf { Text: { } text } })
            {
                _examples.GetOrAdd(name, _ => []).Add(text);
            }
        }

        foreach (var name in _examples.Keys)
        {
            _answered.TryAdd(name, []);
        }
    }

    /// <summary>Says that a name is asked with, so that answers to it are kept: all of them, and those of a collection.</summary>
    internal void Want(string name, string collection)
    {
        _answered.TryAdd(name, []);
        _answered.TryAdd(Of(collection, name), []);
    }

    /// <summary>Keeps what an answer of a collection says of the names that are asked with.</summary>
    internal void Learn(ReadOnlySpan<byte> json, string collection)
    {
        var reader = new Utf8JsonReader(json, AnswerRules.AsDeepAsAny);
        string? name = null;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                name = TextOf(ref reader);
            }
            else if (reader.TokenType == JsonTokenType.String && name is not null && reader.ValueSpan.Length is > 0 and <= 2_000)
            {
                var text = TextOf(ref reader);
                Keep(name, text);
                Keep(Of(collection, name), text);
            }
        }
    }

    // What leads hold beyond their fields is answered as it came, half a surrogate pair as its escape.
    private static string TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    /// <summary>A value for a name, of a collection where that has told any; null where nothing is known of it.</summary>
    internal string? Find(string name, Random random, string? collection = null)
    {
        // One number each, whatever is found: a replay by seed draws the same.
        var (preferAnswer, at, variant) = (random.Next(2) == 0, random.Next(), random.Next());
        var answers = collection is not null && _answered.TryGetValue(Of(collection, name), out var own) && own.Length > 0 ? own : Known(name);
        if (_examples.TryGetValue(name, out var examples) && !(preferAnswer && answers.Length > 0))
        {
            return Vary(examples[at % examples.Count], variant);
        }

        return answers.Length > 0 ? answers[at % answers.Length] : null;
    }

    private static string Of(string collection, string name) => $"{collection} {name}";

    private string[] Known(string name)
        => _answered.TryGetValue(name, out var own) && own.Length > 0 ? own
            : name.EndsWith('s') && _answered.TryGetValue(name[..^1], out var one) && one.Length > 0 ? one
            : name.EndsWith("Id", StringComparison.Ordinal) && _answered.TryGetValue("id", out var id) ? id : [];

    private static string Vary(string example, int variant)
    {
        var at = example.IndexOf('@', StringComparison.Ordinal);
        return at > 0 ? $"{example[..at]}+{variant % EmailVariants}{example[at..]}"
            : Guid.TryParse(example, out _) || DateTimeOffset.TryParse(example, out _) ? example
            : variant % 2 == 0 ? example : $"{example}-{variant % Variants}";
    }

    private void Keep(string name, string value)
    {
        if (!_answered.TryGetValue(name, out var known))
        {
            return;
        }

        var turn = _turns.AddOrUpdate(name, 0, (_, last) => last + 1);
        _answered[name] = known.Length < KeptAnswers ? [.. known, value] : Replace(known, turn % KeptAnswers, value);
    }

    private static string[] Replace(string[] known, int at, string value)
    {
        var copy = (string[])known.Clone();
        copy[at] = value;
        return copy;
    }
}
