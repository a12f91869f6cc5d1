using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Paging;

namespace LeadGrain.Tests.Gateway;

public sealed class PageTokenTests
{
    private static readonly byte[] Key = SHA256.HashData("key"u8);

    [Fact]
    public void A_token_opens_to_the_position_it_was_sealed_with() =>
        Prop.ForAll<byte[], string[]>((position, scope) =>
            position.AsSpan().SequenceEqual(PageToken.Open(Key, Scope(scope), PageToken.Seal(Key, Scope(scope), position))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_token_with_any_bit_flipped_is_refused() =>
        Prop.ForAll<byte[]>(position =>
        {
            var token = PageToken.Seal(Key, [], position);
            for (var bit = 0; bit < token.Length * 7; bit++)
            {
                var characters = token.ToCharArray();
                characters[bit / 7] ^= (char)(1 << (bit % 7));
                Assert.Null(PageToken.Open(Key, [], new string(characters)));
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_token_of_another_spelling_is_refused()
    {
        var token = PageToken.Seal(Key, [], "position"u8);

        Assert.All([token + "=", token + " ", " " + token, token + "A", token[..^1], token + "\0"], other => Assert.Null(PageToken.Open(Key, [], other)));
    }

    [Fact]
    public void A_token_of_another_scope_or_key_is_refused() =>
        Prop.ForAll<string?[], string?[]>((mine, other) =>
        {
            var token = PageToken.Seal(Key, Scope(mine), "position"u8);
            Assert.Equal(mine.SequenceEqual(other), PageToken.Open(Key, Scope(other), token) is not null);
            Assert.Null(PageToken.Open(SHA256.HashData(Key), Scope(mine), token));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Scopes_differ_wherever_their_parts_do()
    {
        string?[][] scopes = [[], [null], [""], ["a", "b"], ["ab"], ["ab", null], ["ab", ""], [null, "ab"], ["a", "b", null]];

        Assert.Equal(scopes.Length, scopes.Select(scope => Convert.ToHexString(PageToken.Scope(scope))).Distinct().Count());
    }

    [Fact]
    public void Garbage_is_refused() =>
        Prop.ForAll<string?, byte[]>((text, bytes) =>
        {
            Assert.Null(PageToken.Open(Key, [], text ?? string.Empty));
            Assert.Null(PageToken.Open(Key, [], Base64Url.EncodeToString([1, .. bytes, .. new byte[16]])));
            Assert.Null(PageToken.Open(Key, [], new string('A', 5000)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_longest_namespace_fits_a_token()
    {
        var name = Encoding.UTF8.GetBytes(new string('\uFFFD', 255));

        Assert.Equal(name, PageToken.Open(Key, [], PageToken.Seal(Key, [], name)));
    }

    // Strings with half a surrogate pair cannot come in; as UTF-8 they would all look alike.
    private static byte[] Scope(string?[] parts) =>
        PageToken.Scope([.. parts.Select(part => part is null ? null : Convert.ToHexString(Encoding.Unicode.GetBytes(part)))]);
}
