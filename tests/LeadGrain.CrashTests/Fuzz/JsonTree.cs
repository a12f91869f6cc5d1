using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>JSON that may be wrong: it can name a member twice and hold any bytes for a value.</summary>
internal abstract class JsonTree
{
    internal static JsonTree Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new JsonMembers([.. element.EnumerateObject().Select(m => new JsonMember(m.Name, Of(m.Value)))]),
        JsonValueKind.Array => new JsonItems([.. element.EnumerateArray().Select(Of)]),
        JsonValueKind.String => OfText(element.GetString()!),
        _ => new JsonLeaf(element.GetRawText()),
    };

    /// <summary>A string that may hold anything, escaped as JSON wants it.</summary>
    internal static JsonLeaf OfText(string text) => new($"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"", text);

    internal byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        Write(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    internal abstract JsonTree Copy();

    internal abstract void Write(ArrayBufferWriter<byte> bytes);
}

/// <summary>A value that is no container, as it is spelled.</summary>
internal sealed class JsonLeaf(byte[] raw, string? text = null) : JsonTree
{
    internal JsonLeaf(string raw, string? text = null)
        : this(Encoding.UTF8.GetBytes(raw), text)
    {
    }

    internal byte[] Raw { get; } = raw;

    /// <summary>The string that it is; null where it is none, or a broken one.</summary>
    internal string? Text { get; } = text;

    internal override JsonTree Copy() => this;

    internal override void Write(ArrayBufferWriter<byte> bytes) => bytes.Write(Raw);
}

/// <summary>An array.</summary>
internal sealed class JsonItems(List<JsonTree> items) : JsonTree
{
    internal List<JsonTree> Items { get; } = items;

    internal override JsonTree Copy() => new JsonItems([.. Items.Select(item => item.Copy())]);

    internal override void Write(ArrayBufferWriter<byte> bytes)
    {
        bytes.Write("["u8);
        for (var i = 0; i < Items.Count; i++)
        {
            bytes.Write(i == 0 ? [] : ","u8);
            Items[i].Write(bytes);
        }

        bytes.Write("]"u8);
    }
}

/// <summary>An object.</summary>
internal sealed class JsonMembers(List<JsonMember> members) : JsonTree
{
    internal List<JsonMember> Members { get; } = members;

    internal override JsonTree Copy() => new JsonMembers([.. Members.Select(m => m with { Value = m.Value.Copy() })]);

    internal override void Write(ArrayBufferWriter<byte> bytes)
    {
        bytes.Write("{"u8);
        for (var i = 0; i < Members.Count; i++)
        {
            bytes.Write(i == 0 ? [] : ","u8);
            (Members[i].Spelling is { } spelling ? new JsonLeaf(spelling) : OfText(Members[i].Name)).Write(bytes);
            bytes.Write(":"u8);
            Members[i].Value.Write(bytes);
        }

        bytes.Write("}"u8);
    }
}

/// <summary>A member of an object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Spelling">Its name on the wire, where that is not the usual one.</param>
internal sealed record JsonMember(string Name, JsonTree Value, string? Spelling = null);

/// <summary>A value's place in a tree: an item of an array or a member of an object.</summary>
internal readonly record struct JsonPlace(JsonTree Parent, int Index)
{
    internal string? Name => Parent is JsonMembers members ? members.Members[Index].Name : null;

    internal JsonTree Value
    {
        get => Parent is JsonMembers members ? members.Members[Index].Value : ((JsonItems)Parent).Items[Index];
        set
        {
            if (Parent is JsonMembers members)
            {
                members.Members[Index] = members.Members[Index] with { Value = value };
            }
            else
            {
                ((JsonItems)Parent).Items[Index] = value;
            }
        }
    }

    /// <summary>All places below a value.</summary>
    internal static List<JsonPlace> Below(JsonTree tree)
    {
        var places = new List<JsonPlace>();
        Collect(tree, places);
        return places;
    }

    private static void Collect(JsonTree tree, List<JsonPlace> places)
    {
        var count = tree switch { JsonMembers m => m.Members.Count, JsonItems i => i.Items.Count, _ => 0 };
        for (var i = 0; i < count; i++)
        {
            var place = new JsonPlace(tree, i);
            places.Add(place);
            Collect(place.Value, places);
        }
    }
}
