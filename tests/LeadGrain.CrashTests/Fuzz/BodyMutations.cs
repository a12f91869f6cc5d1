using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>What can be wrong with a JSON body: first as a tree, then as bytes.</summary>
internal static class BodyMutations
{
    internal static readonly IReadOnlyList<Mutation> All =
    [
        new("drop member", WithMember((draft, members, i) => members.RemoveAt(i))),
        new("member twice", WithMember((draft, members, i) => members.Add(members[i]))),
        new("member twice, other value", WithMember((draft, members, i) => members.Add(members[i] with { Value = Odd(draft) }))),
        new("member twice, escaped", WithMember((draft, members, i) => members.Add(members[i] with { Spelling = Escaped(members[i].Name) }))),
        new("escaped name", WithMember((draft, members, i) => members[i] = members[i] with { Spelling = Escaped(members[i].Name) })),
        new("renamed member", WithMember((draft, members, i) => members[i] = members[i] with { Name = Renamed(draft, members[i].Name) })),
        new("unknown member", WithMember((draft, members, i) => members.Insert(i, new JsonMember(draft.Pick(Oddities.Texts), Odd(draft))))),
        new("other order", WithMember((draft, members, i) => members.Reverse())),
        new("odd value", WithPlace((draft, place) => place.Value = Odd(draft))),
        new("odd value", WithPlace((draft, place) => place.Value = Odd(draft))),
        new("odd text", WithPlace((draft, place) => place.Value = JsonTree.OfText(draft.Pick(Oddities.Texts)))),
        new("odd text", WithPlace((draft, place) => place.Value = JsonTree.OfText(draft.Pick(Oddities.Texts)))),
        new("text with something in it", WithPlace(Spoil)),
        new("number as text", WithPlace((draft, place) => place.Value = JsonTree.OfText(Encoding.UTF8.GetString(place.Value.ToBytes())))),
        new("value of elsewhere", WithPlace((draft, place) => place.Value = draft.Pick(JsonPlace.Below(draft.Json!)).Value.Copy())),
        new("in an array", WithPlace((draft, place) => place.Value = new JsonItems([place.Value]))),
        new("in an object", WithPlace((draft, place) => place.Value = new JsonMembers([new JsonMember("a", place.Value)]))),
        new("items many times", WithItems((draft, items) => items.AddRange(Enumerable.Repeat(items[0], draft.Pick([2, 10, 99, 100])))), 4),
        new("more items than allowed", WithItems((draft, items) => items.AddRange(Enumerable.Repeat(items[0], draft.Pick([1_000, 10_000])))), 200),
        new("no items", WithItems((draft, items) => items.Clear())),
        new("root replaced", draft => draft.Json = Odd(draft)),
        new("root in an array", draft => draft.Json = new JsonItems([draft.Json!])),
        new("long text", WithPlace((draft, place) => place.Value = JsonTree.OfText(new string('x', draft.Random.Next(65_536)))), 8),
        new("deep value", WithPlace((draft, place) => place.Value = Deep(draft, place.Value))),
        new("bytes after the body", draft => draft.Body = [.. draft.BodyBytes(), .. draft.Pick(Oddities.Values)]),
        new("bytes before the body", draft => draft.Body = [.. draft.Pick(Oddities.Values), .. draft.BodyBytes()]),
        new("BOM", draft => draft.Body = [0xef, 0xbb, 0xbf, .. draft.BodyBytes()]),
        new("UTF-16", draft => draft.Body = Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(draft.BodyBytes()))),
        new("empty body", draft => draft.Body = []),
        new("only white space", draft => draft.Body = [.. Enumerable.Repeat((byte)' ', draft.Random.Next(1, 4_096))]),
        new("body cut", draft => draft.Body = draft.BodyBytes() is { Length: > 0 } body ? body[..draft.Random.Next(body.Length)] : []),
        new("bits flipped in the body", draft => draft.Body = Flipped(draft.Random, draft.BodyBytes())),
        new("byte inserted in the body", draft => draft.Body = Inserted(draft.Random, draft.BodyBytes())),
        new("random body", draft => draft.Body = Noise(draft.Random)),
        new("body over a limit", draft => draft.Body = [.. draft.BodyBytes(), .. Enumerable.Repeat((byte)' ', 1024 * 1024)], 400),
        new("body over every limit", draft => draft.Body = [.. draft.BodyBytes(), .. Enumerable.Repeat((byte)' ', 33 * 1024 * 1024)], 10_000),
    ];

    /// <summary>Flips one to eight bits.</summary>
    internal static byte[] Flipped(Random random, byte[] bytes)
    {
        for (var flips = random.Next(1, 9); flips > 0 && bytes.Length > 0; flips--)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return bytes;
    }

    /// <summary>Puts one byte in.</summary>
    internal static byte[] Inserted(Random random, byte[] bytes)
    {
        var at = random.Next(bytes.Length + 1);
        return [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
    }

    private static JsonLeaf Odd(Draft draft) => new(draft.Pick(Oddities.Values));

    private static JsonLeaf Deep(Draft draft, JsonTree value)
    {
        var depth = draft.Pick([20, 60, 62, 63, 64, 70]);
        var inner = Encoding.UTF8.GetString(value.ToBytes());
        return new JsonLeaf(string.Concat(Enumerable.Repeat("[", depth)) + inner + string.Concat(Enumerable.Repeat("]", depth)));
    }

    // Of a few places and texts only, or each request would leave the host with a name of its own.
    private static void Spoil(Draft draft, JsonPlace place)
    {
        if (place.Value is JsonLeaf { Text: { } text })
        {
            var odd = draft.Pick(Oddities.Texts);
            place.Value = JsonTree.OfText(draft.Once(2) ? text + odd : odd + text);
        }
    }

    private static string Escaped(string name) => $"\"{string.Concat(name.Select(c => $"\\u{(int)c:x4}"))}\"";

    private static string Renamed(Draft draft, string name) => draft.Random.Next(5) switch
    {
        0 => name.ToUpperInvariant(),
        1 => $"{name} ",
        2 => name.Replace('a', '\u0430'),
        3 => $"{name}s",
        _ => draft.Pick(Oddities.Texts),
    };

    private static byte[] Noise(Random random)
    {
        var noise = new byte[random.Next(1, 512)];
        random.NextBytes(noise);
        return noise;
    }

    private static Action<Draft> WithMember(Action<Draft, List<JsonMember>, int> change) => draft =>
    {
        var places = draft.Json is { } json ? JsonPlace.Below(json).FindAll(place => place.Parent is JsonMembers) : [];
        if (places.Count > 0)
        {
            var place = draft.Pick(places);
            change(draft, ((JsonMembers)place.Parent).Members, place.Index);
        }
    };

    private static Action<Draft> WithPlace(Action<Draft, JsonPlace> change) => draft =>
    {
        if (draft.Json is { } json && JsonPlace.Below(json) is { Count: > 0 } places)
        {
            change(draft, draft.Pick(places));
        }
    };

    private static Action<Draft> WithItems(Action<Draft, List<JsonTree>> change) => draft =>
    {
        var places = draft.Json is { } json ? JsonPlace.Below(json).FindAll(place => place.Parent is JsonItems) : [];
        if (places.Count > 0)
        {
            change(draft, ((JsonItems)draft.Pick(places).Parent).Items);
        }
    };
}

/// <summary>One way to spoil a request.</summary>
/// <param name="Name">For the reader of a failure.</param>
/// <param name="Apply">Does it; leaves the request alone where it has no place for it.</param>
/// <param name="Rarity">Done once in so many times that it is drawn: what is dear is rare.</param>
internal sealed record Mutation(string Name, Action<Draft> Apply, int Rarity = 1);
