using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Idempotency;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Idempotency;

/// <summary>Reads the Idempotency-Key of a request.</summary>
internal static class IdempotencyKey
{
    internal const string Header = "Idempotency-Key";

    internal const int MaxLength = 255;

    /// <summary>
    /// Whether the header cannot be used. Without it there is no key. The key's body hash is empty until the body is read
    /// with it: see <see cref="Json.JsonBody"/>.
    /// </summary>
    internal static bool IsBroken(HttpContext context, [NotNullWhen(true)] out Problem? problem, out RequestKey? key)
    {
        (problem, key) = (null, null);
        var values = context.Request.Headers[Header];
        if (values.Count == 0)
        {
            return false;
        }

        problem = Broken(values);
        if (problem is not null)
        {
            return true;
        }

        key = new RequestKey(values[0]!, new byte[SHA256.HashSizeInBytes]);
        return false;
    }

    private static Problem? Broken(StringValues values) => values switch
    {
        { Count: > 1 } => Problem.InvalidIdempotencyKey("must be given once."),
        [null or ""] => Problem.InvalidIdempotencyKey("must not be empty."),
        [{ Length: > MaxLength }] => Problem.InvalidIdempotencyKey($"must be at most {MaxLength} characters."),
        [{ } text] when text.AsSpan().ContainsAnyExceptInRange(' ', '~') => Problem.InvalidIdempotencyKey("must hold printable ASCII characters only."),
        _ => null,
    };
}
