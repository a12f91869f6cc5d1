using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Gate;

/// <summary>Whether an address can be one: what mail services take, which is less than RFC 5322 allows (no quotes, no comments).</summary>
internal static class EmailSyntax
{
    private const int MaxLocalPart = 64;
    private const int MaxDomain = 253;
    private const int MaxLabel = 63;

    private const string LocalMarks = "!#$%&'*+-/=?^_`{|}~.";

    /// <summary>What is wrong with an address; null where it can be one.</summary>
    internal static string? Fault(string email)
    {
        var at = email.LastIndexOf('@');
        return email.Length is 0 or > EmailKey.MaxLength ? "The address is empty or too long."
            : at <= 0 || at == email.Length - 1 ? "The address is not of the form name@domain."
            : LocalFault(email.AsSpan(0, at)) ?? DomainFault(email.AsSpan(at + 1));
    }

    /// <summary>What is behind the at sign of an address without a fault.</summary>
    internal static string DomainOf(string email) => email[(email.LastIndexOf('@') + 1)..];

    /// <summary>What is before the at sign of an address without a fault.</summary>
    internal static string LocalPartOf(string email) => email[..email.LastIndexOf('@')];

    private static string? LocalFault(ReadOnlySpan<char> local)
    {
        if (local.Length > MaxLocalPart)
        {
            return "The part before the at sign is too long.";
        }

        foreach (var character in local)
        {
            if (!char.IsLetterOrDigit(character) && !LocalMarks.Contains(character, StringComparison.Ordinal) && !char.IsSurrogate(character))
            {
                return "The part before the at sign holds a character that it must not.";
            }
        }

        return local[0] == '.' || local[^1] == '.' || local.IndexOf("..") >= 0 ? "The part before the at sign has a dot where none may be." : null;
    }

    private static string? DomainFault(ReadOnlySpan<char> domain)
    {
        if (domain.Length > MaxDomain || domain.IndexOf('.') < 0)
        {
            return "The domain is not complete.";
        }

        var last = default(ReadOnlySpan<char>);
        foreach (var range in domain.Split('.'))
        {
            last = domain[range];
            if (!IsLabel(last))
            {
                return "The domain is not a valid name.";
            }
        }

        return last.Length > 1 && last.ContainsAnyExceptInRange('0', '9') ? null : "The domain has no valid ending.";
    }

    private static bool IsLabel(ReadOnlySpan<char> label)
    {
        foreach (var character in label)
        {
            if (!char.IsLetterOrDigit(character) && character != '-')
            {
                return false;
            }
        }

        return label.Length is > 0 and <= MaxLabel && label[0] != '-' && label[^1] != '-';
    }
}
