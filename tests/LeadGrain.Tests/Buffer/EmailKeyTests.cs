using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Tests.Buffer;

public sealed class EmailKeyTests
{
    [Fact]
    public void A_keys_key_is_the_key()
        => Prop.ForAll<NonNull<string>>(text => EmailKey.Of(EmailKey.Of(text.Get)) == EmailKey.Of(text.Get)).QuickCheckThrowOnFailure();

    [Fact]
    public void Case_and_surrounding_space_do_not_matter()
        => Prop.ForAll<NonNull<string>>(text =>
            EmailKey.Of($" \t{text.Get}\u00a0") == EmailKey.Of(text.Get)
            && EmailKey.Of(text.Get.ToUpperInvariant().ToLowerInvariant()) == EmailKey.Of(text.Get.ToUpperInvariant()))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_key_is_never_longer_than_its_address()
        => Prop.ForAll<NonNull<string>>(text => EmailKey.Of(text.Get).Length <= text.Get.Length).QuickCheckThrowOnFailure();

    [Fact]
    public void Addresses_that_differ_in_more_than_case_and_surrounding_space_have_different_keys()
        => Prop.ForAll<NonNull<string>, NonNull<string>>((one, other) =>
            EmailKey.Of(one.Get) == EmailKey.Of(other.Get)
            == string.Equals(one.Get.Trim(), other.Get.Trim(), StringComparison.OrdinalIgnoreCase))
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("app", "org", "ns")]
    [InlineData("a/b", "c%2Fd", "e/f?g#h")]
    [InlineData("ä ö", "%", "名前/..")]
    public void A_namespace_key_reads_back_as_it_was_written(string app, string org, string name)
    {
        var key = new NamespaceKey(new(app, org), name);
        Assert.Equal(key, NamespaceKey.FromGrainKey(key.GrainKey));
        Assert.Equal(3, key.GrainKey.Split('/').Length);
    }

    [Fact]
    public void Different_namespaces_never_share_a_key()
        => Prop.ForAll<NonNull<string>, NonNull<string>, NonNull<string>>((app, org, name) =>
        {
            var key = new NamespaceKey(new(Clean(app.Get), Clean(org.Get)), Clean(name.Get));
            return NamespaceKey.FromGrainKey(key.GrainKey) == key;
        }).QuickCheckThrowOnFailure();

    // Lone surrogates never come in: the gateway refuses them.
    private static string Clean(string text) => new([.. text.Where(c => !char.IsSurrogate(c))]);
}
