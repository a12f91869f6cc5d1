using System.Security.Cryptography;
using System.Text;
using LeadGrain.Gateway.FrontPage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace LeadGrain.Tests.FrontPage;

public sealed class FrontPageTests
{
    [Fact]
    public async Task The_root_shows_a_page_that_may_load_nothing_but_itself()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapFrontPage();
        await app.StartAsync();
        using var http = new HttpClient();

        using var answer = await http.GetAsync(new Uri(app.Urls.First()));
        var html = await answer.Content.ReadAsStringAsync();
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains($"style-src {Hash(html, "style")};", policy, StringComparison.Ordinal);
        Assert.Contains($"script-src {Hash(html, "script")};", policy, StringComparison.Ordinal);
        Assert.Matches(@"Version \d+\.\d+\.\d+<", html);
        Assert.DoesNotContain("{{", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("""(src|href)="(https?:)?//""", html);
        Assert.All((string[])["/openapi/v1.json", "/metrics", "/health", "/health/ready"],
            path => Assert.Contains($"href=\"{path}\"", html, StringComparison.Ordinal));
    }

    [Fact]
    public void The_version_cannot_break_out_of_the_page() =>
        Assert.DoesNotContain("<b>", Encoding.UTF8.GetString(
            FrontPageHtml.Of("<style></style><script></script>{{version}}", "<b>").Body), StringComparison.Ordinal);

    private static string Hash(string html, string element)
    {
        var inner = html.Split($"<{element}>")[1].Split($"</{element}>")[0];
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inner)))}'";
    }
}
