using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>One request and its answer.</summary>
internal sealed class SmartleadExchange(HttpContext http, FakeSmartleadOptions options, SmartleadScript script, SmartleadBook book, string campaign)
{
    private readonly int _number = book.Arrive(options.Time.GetUtcNow(), campaign);

    public Task ThrottledAsync(string? header, int? body)
    {
        if (header is not null)
        {
            http.Response.Headers.RetryAfter = header;
        }

        var error = new JsonObject { ["code"] = "RATE_LIMIT_EXCEEDED", ["message"] = "Too many requests. Please slow down." };
        if (body is { } seconds)
        {
            error["retry_after"] = seconds;
        }

        return SendAsync("throttled", 0, 429, new JsonObject { ["error"] = error });
    }

    public Task FailAsync(int status, string code, string message, SmartleadErrorBody body = SmartleadErrorBody.Nested) => body switch
    {
        SmartleadErrorBody.Nested => SendAsync($"failed_{status}", 0, status, new JsonObject
        {
            ["error"] = new JsonObject { ["code"] = code, ["message"] = message, ["details"] = new JsonObject() },
        }),
        SmartleadErrorBody.Message => SendAsync($"failed_{status}", 0, status, new JsonObject { ["message"] = message }),
        SmartleadErrorBody.Text => SendAsync($"failed_{status}", 0, status, new JsonObject { ["error"] = message }),
        _ => SendAsync($"failed_{status}", 0, status, "text/html", ""),
    };

    // The vendor's words may quote what it was sent.
    private static string Words(int status, JsonArray leads)
        => $"Failed with {status.ToString(CultureInfo.InvariantCulture)} at {leads[0]?["first_name"]} {leads[0]?["last_name"]}, {leads[0]?["email"]}.";

    public Task MeetAsync(SmartleadBehavior behavior, JsonArray leads, JsonObject? settings)
    {
        book.Note(_number, settings?.ToJsonString());
        return BehaveAsync(behavior, leads, settings);
    }

    private async Task BehaveAsync(SmartleadBehavior behavior, JsonArray leads, JsonObject? settings)
    {
        switch (behavior)
        {
            case SmartleadBehavior.Delay(var span, var then):
                await Task.Delay(span, options.Time, http.RequestAborted);
                await BehaveAsync(then, leads, settings);
                break;
            case SmartleadBehavior.WaitFor(var signal, var then):
                await signal.WaitAsync(http.RequestAborted);
                await BehaveAsync(then, leads, settings);
                break;
            case SmartleadBehavior.Answer:
                var upload = Take(leads, settings);
                await SendAsync("answered", leads.Count, 200, upload.Exhausted ? SmartleadUpload.NoCredits() : Answer(upload));
                break;
            case SmartleadBehavior.AcceptAndCut:
                Take(leads, settings);
                Settle(leads.Count, "accepted, then cut");
                http.Abort();
                break;
            case SmartleadBehavior.AcceptAndTruncate:
                await TruncateAsync(Answer(Take(leads, settings)), leads.Count);
                break;
            default:
                await RefuseAsync(behavior, leads);
                break;
        }
    }

    private Task RefuseAsync(SmartleadBehavior behavior, JsonArray leads)
    {
        switch (behavior)
        {
            case SmartleadBehavior.Fails(var status, var body, var retryAfter):
                if (retryAfter is not null)
                {
                    http.Response.Headers.RetryAfter = retryAfter;
                }

                return FailAsync(status, $"HTTP_{status}", Words(status, leads), body);
            case SmartleadBehavior.Throttled(var header, var seconds):
                return ThrottledAsync(header, seconds);
            case SmartleadBehavior.Exhausted:
                return SendAsync("exhausted", 0, 200, SmartleadUpload.NoCredits());
            case SmartleadBehavior.HtmlPage:
                return SendAsync("html_page", 0, 200, "text/html", "<html><body>One moment, please.</body></html>");
            case SmartleadBehavior.Says(var json):
                return SendAsync("scripted", 0, 200, "application/json", json);
            case SmartleadBehavior.Redirect(var to):
                http.Response.Headers.Location = to.AbsoluteUri;
                return SendAsync("redirected", 0, 307, "text/plain", "");
            case SmartleadBehavior.Cut:
                Settle(0, "cut");
                http.Abort();
                return Task.CompletedTask;
            case SmartleadBehavior.Hang:
                Settle(0, "hung");
                return Task.Delay(Timeout.Infinite, http.RequestAborted);
            default:
                throw new InvalidOperationException($"No such behavior: {behavior}.");
        }
    }

    private void Settle(int leads, string outcome) => book.Settle(_number, options.Time.GetUtcNow(), leads, outcome);

    private SmartleadUpload Take(JsonArray leads, JsonObject? settings) => new(book, campaign, leads, settings, options);

    private JsonObject Answer(SmartleadUpload upload) => upload.Answer(script.Shape(), options.NamesRefused);

    private async Task TruncateAsync(JsonObject answer, int leads)
    {
        Settle(leads, "accepted, half answered");
        var body = Encoding.UTF8.GetBytes(answer.ToJsonString());
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        // Fewer bytes than announced make the server close the connection, after those that were written have gone out.
        await http.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), http.RequestAborted);
    }

    private Task SendAsync(string outcome, int leads, int status, JsonObject body) =>
        SendAsync(outcome, leads, status, "application/json; charset=utf-8", body.ToJsonString());

    private Task SendAsync(string outcome, int leads, int status, string contentType, string body)
    {
        Settle(leads, outcome);
        var bytes = Encoding.UTF8.GetBytes(body);
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask();
    }
}
