using System.Runtime.InteropServices;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Buffer;

/// <summary>
/// Reads usual pushes in one pass, without a document of them in between. <see cref="PushInput.Read"/> reads all others, and says
/// what is wrong with them.
/// </summary>
internal ref struct PushReader
{
    private const int FirstLeads = 128;

    private readonly ReadOnlySpan<byte> _body;
    private Utf8JsonReader _json;

    private PushReader(ReadOnlySpan<byte> body)
    {
        _body = body;
        _json = new(body, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
    }

    // Each comes once at most.
    [Flags]
    private enum Member
    {
        None = 0,
        Namespace = 1,
        BrandId = 2,
        ClerkOrgId = 4,
        ClerkUserId = 8,
        ParentRunId = 16,
        Leads = 32,
        Email = 64,
        ExternalId = 128,
        Data = 256,
        Priority = 512,
    }

    /// <summary>The push; null where it is not usual: wrong somewhere, with unknown members, or with escapes outside of data.</summary>
    internal static PushInput? TryRead(ReadOnlySpan<byte> body)
    {
        try
        {
            return new PushReader(body).TryRead();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private PushInput? TryRead()
    {
        string? name = null, brandId = null, orgId = null, userId = null, runId = null;
        NewLead[]? leads = null;
        var seen = Member.None;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var member = _json.ValueTextEquals("namespace"u8) ? Member.Namespace
                : _json.ValueTextEquals("leads"u8) ? Member.Leads
                : _json.ValueTextEquals("brandId"u8) ? Member.BrandId
                : _json.ValueTextEquals("clerkOrgId"u8) ? Member.ClerkOrgId
                : _json.ValueTextEquals("clerkUserId"u8) ? Member.ClerkUserId
                : _json.ValueTextEquals("parentRunId"u8) ? Member.ParentRunId : Member.None;
            if (!TryGoTo(member, ref seen) || !(member switch
            {
                Member.Namespace => TryName(MemberReader.MaxIdLength, out name),
                Member.Leads => TryLeads(out leads),
                Member.BrandId => TryText(MemberReader.MaxIdLength, out brandId),
                Member.ClerkOrgId => TryText(MemberReader.MaxIdLength, out orgId),
                Member.ClerkUserId => TryText(MemberReader.MaxIdLength, out userId),
                _ => TryText(MemberReader.MaxIdLength, out runId),
            }))
            {
                return null;
            }
        }

        // What comes after the object is no JSON.
        return name is null || leads is null || _json.Read()
            ? null
            : new PushInput(
                name, runId, new PushCommand(new LeadOrigin(brandId, orgId, userId), ImmutableCollectionsMarshal.AsImmutableArray(leads)));
    }

    private bool TryLeads(out NewLead[] leads)
    {
        leads = [];
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        var (found, count) = (new NewLead[FirstLeads], 0);
        while (_json.Read() && _json.TokenType == JsonTokenType.StartObject)
        {
            if (count == PushInput.MaxLeads || TryLead() is not { } lead)
            {
                return false;
            }

            if (count == found.Length)
            {
                Array.Resize(ref found, Math.Min(count * 4, PushInput.MaxLeads));
            }

            found[count++] = lead;
        }

        leads = found[..count];
        return _json.TokenType == JsonTokenType.EndArray;
    }

    private NewLead? TryLead()
    {
        string? email = null, externalId = null;
        byte[]? data = null;
        var (priority, seen) = (0, Member.None);
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var member = _json.ValueTextEquals("email"u8) ? Member.Email
                : _json.ValueTextEquals("externalId"u8) ? Member.ExternalId
                : _json.ValueTextEquals("data"u8) ? Member.Data
                : _json.ValueTextEquals("priority"u8) ? Member.Priority : Member.None;
            if (!TryGoTo(member, ref seen) || !(member switch
            {
                Member.Email => TryName(EmailKey.MaxLength, out email),
                Member.ExternalId => TryText(MemberReader.MaxIdLength, out externalId),
                Member.Data => TryData(out data),
                _ => TryPriority(out priority),
            }))
            {
                return null;
            }
        }

        return email is null ? null : new NewLead(email, externalId, data, priority);
    }

    private bool TryGoTo(Member member, ref Member seen)
    {
        var isNew = member != Member.None && !seen.HasFlag(member);
        seen |= member;
        return isNew && _json.Read();
    }

    private readonly bool TryText(int maxLength, out string? text)
    {
        text = _json.TokenType == JsonTokenType.String && !_json.ValueIsEscaped ? _json.GetString() : null;
        return text is null ? _json.TokenType == JsonTokenType.Null : text.Length <= maxLength;
    }

    private readonly bool TryName(int maxLength, out string? text) => TryText(maxLength, out text) && text is not null && NameRules.Broken(text, maxLength) is null;

    private readonly bool TryPriority(out int priority)
    {
        priority = 0;
        return _json.TokenType == JsonTokenType.Null
            || (_json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out priority) && priority is >= -NewLead.MaxPriority and <= NewLead.MaxPriority);
    }

    private bool TryData(out byte[]? data)
    {
        data = null;
        if (_json.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        var start = (int)_json.TokenStartIndex;
        if (!UniqueNames.TrySkip(ref _json, _body) || _json.BytesConsumed - start > PushInput.MaxDataBytes)
        {
            return false;
        }

        data = _body[start..(int)_json.BytesConsumed].ToArray();
        return true;
    }
}
