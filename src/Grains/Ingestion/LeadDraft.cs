using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Grains.Ingestion;

/// <summary>A lead in the making: fields, and the extra as a JSON object. Of several values of one field the last one stands, as in
/// JavaScript; the others go into the extra.</summary>
internal sealed class LeadDraft
{
    // What stands in a JSON string as it is.
    private static readonly SearchValues<char> s_plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly string?[] _fields = new string?[LeadFields.Count];
    private ArrayBufferWriter<byte>? _extra;

    /// <summary>A field's value as text.</summary>
    /// <param name="field">Which.</param>
    /// <param name="text">May hold what PostgreSQL's text cannot.</param>
    internal void Set(int field, string text)
    {
        if (_fields[field] is { } earlier)
        {
            AddText(LeadFields.Names[field], earlier);
        }

        if (IsStorable(text))
        {
            _fields[field] = text;
            return;
        }

        AddText(LeadFields.Names[field], text);
        _fields[field] = Storable(text);
    }

    /// <summary>A member that has no field, its name and value as they are written in JSON.</summary>
    internal void AddRaw(ReadOnlySpan<byte> quotedName, ReadOnlySpan<byte> json)
    {
        var extra = Begin();
        extra.Write(quotedName);
        extra.Write(":"u8);
        extra.Write(json);
    }

    /// <summary>All members of an extra, as they are written.</summary>
    internal void AddMembers(ReadOnlySpan<byte> extra) => Begin().Write(extra[1..^1]);

    /// <summary>A value that has no field.</summary>
    internal void AddText(string name, string text)
    {
        var extra = Begin();
        WriteQuoted(extra, name);
        extra.Write(":"u8);
        WriteQuoted(extra, text);
    }

    /// <summary>A value by its name, which may be a field's.</summary>
    internal void Add(string name, string text)
    {
        if (LeadFields.IndexOf(Encoding.UTF8.GetBytes(name)) is >= 0 and var field)
        {
            Set(field, text);
        }
        else
        {
            AddText(name, text);
        }
    }

    internal Normalized.Lead Finish()
    {
        _extra?.Write("}"u8);
        return new Normalized.Lead(_fields, _extra?.WrittenSpan.ToArray());
    }

    /// <summary>A text as a JSON string; a lone surrogate, which UTF-8 cannot hold, as its escape.</summary>
    internal static byte[] Quote(string text)
    {
        var json = new ArrayBufferWriter<byte>(text.Length + 2);
        if (HasLoneSurrogate(text))
        {
            return Encoding.ASCII.GetBytes(QuoteEscaped(text));
        }

        using var writer = new Utf8JsonWriter(json, s_options);
        writer.WriteStringValue(text);
        writer.Flush();
        return json.WrittenSpan.ToArray();
    }

    private static void WriteQuoted(ArrayBufferWriter<byte> json, string text)
    {
        if (text.AsSpan().ContainsAnyExcept(s_plain))
        {
            json.Write(Quote(text));
            return;
        }

        json.Write("\""u8);
        Encoding.UTF8.GetBytes(text, json);
        json.Write("\""u8);
    }

    private static string QuoteEscaped(string text)
    {
        var quoted = new StringBuilder("\"", text.Length * 6);
        foreach (var unit in text)
        {
            if (unit is >= ' ' and <= '~' and not '"' and not '\\')
            {
                quoted.Append(unit);
            }
            else
            {
                quoted.Append("\\u").Append(((int)unit).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return quoted.Append('"').ToString();
    }

    private static bool IsStorable(string text) => !text.Contains('\0', StringComparison.Ordinal) && !HasLoneSurrogate(text);

    private static bool HasLoneSurrogate(string text)
    {
        var at = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff');
        while (at >= 0 && at < text.Length)
        {
            if (!char.IsSurrogate(text[at]))
            {
                at++;
            }
            else if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            {
                at += 2;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    // What is left out here stands in the extra.
    private static string Storable(string text)
        => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    private ArrayBufferWriter<byte> Begin()
    {
        if (_extra is null)
        {
            _extra = new ArrayBufferWriter<byte>(256);
            _extra.Write("{"u8);
        }
        else
        {
            _extra.Write(","u8);
        }

        return _extra;
    }
}
