using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Sandbox.Apollo;

/// <summary>One call and its answer.</summary>
internal sealed class ApolloExchange(HttpContext http, TimeProvider time, ApolloBook book)
{
    private readonly DateTimeOffset _came = time.GetUtcNow();

    public HttpContext Http => http;

    public Task UnauthorizedAsync(string? email = null) =>
        SendAsync(email, "unauthorized", 0, 401, "text/plain; charset=utf-8", "Invalid access credentials.");

    public Task UnprocessableAsync(string error, string? email = null) =>
        SendJsonAsync(email, "unprocessable", 0, 422, new JsonObject { ["error"] = error });

    public Task ThrottledAsync(string? retryAfter, string? email = null)
    {
        if (retryAfter is not null)
        {
            http.Response.Headers.RetryAfter = retryAfter;
        }

        return SendJsonAsync(email, "throttled", 0, 429, new JsonObject
        {
            ["message"] = "The maximum number of api calls allowed for api/v1/people/match is exceeded. Please upgrade your plan.",
        });
    }

    /// <summary>Answers a match. The vendor bills what it found, whatever then becomes of the answer on its way.</summary>
    public async Task BehaveAsync(ApolloBehavior behavior, string? email, JsonObject? person)
    {
        switch (behavior)
        {
            case ApolloBehavior.Delay(var span, var then):
                await Task.Delay(span, time, http.RequestAborted);
                await BehaveAsync(then, email, person);
                break;
            case ApolloBehavior.WaitFor(var signal, var then):
                await signal.WaitAsync(http.RequestAborted);
                await BehaveAsync(then, email, person);
                break;
            default:
                await AnswerAsync(behavior, email, person);
                break;
        }
    }

    private async Task AnswerAsync(ApolloBehavior behavior, string? email, JsonObject? person)
    {
        var answer = new JsonObject { ["person"] = person };
        var (outcome, credits) = person is null ? ("nobody", 0) : ("matched", 1);
        switch (behavior)
        {
            case ApolloBehavior.Answer:
                await SendJsonAsync(email, outcome, credits, 200, answer);
                break;
            case ApolloBehavior.Body(var json):
                await SendAsync(email, "scripted", credits, 200, "application/json", json);
                break;
            case ApolloBehavior.TruncatedJson:
                var whole = answer.ToJsonString();
                await SendAsync(email, "truncated_json", credits, 200, "application/json", whole[..(whole.Length / 2)]);
                break;
            case ApolloBehavior.HtmlPage:
                await SendAsync(email, "html_page", credits, 200, "text/html", "<html><body>One moment, please.</body></html>");
                break;
            case ApolloBehavior.HugeBody(var bytes):
                answer["padding"] = new string('x', bytes);
                await SendJsonAsync(email, "huge_body", credits, 200, answer);
                break;
            case ApolloBehavior.CutBody:
                await CutAsync(email, credits, answer);
                break;
            default:
                await FailAsync(behavior, email);
                break;
        }
    }

    /// <summary>Answers a bulk match, in the order asked; a row of the book for each person.</summary>
    public async Task BulkAsync(ApolloBehavior behavior, string?[] emails)
    {
        if (behavior is not ApolloBehavior.Answer)
        {
            await BehaveAsync(behavior, null, null);
            return;
        }

        var people = emails.Select(email => email is null ? null : ApolloPeople.Of(email)).ToArray();
        foreach (var (email, person) in emails.Zip(people))
        {
            Write(email, person is null ? "nobody" : "matched", person is null ? 0 : 1);
        }

        var matched = people.Count(person => person is not null);
        var answer = new JsonObject
        {
            ["status"] = "success",
            ["total_requested_enrichments"] = people.Length,
            ["unique_enriched_records"] = matched,
            ["missing_records"] = people.Length - matched,
            ["credits_consumed"] = matched,
            ["matches"] = new JsonArray([.. people]),
        };
        await RespondAsync(200, "application/json", answer.ToJsonString());
    }

    private Task FailAsync(ApolloBehavior behavior, string? email)
    {
        switch (behavior)
        {
            case ApolloBehavior.Unauthorized:
                return UnauthorizedAsync(email);
            case ApolloBehavior.Inaccessible:
                return SendJsonAsync(email, "inaccessible", 0, 403, new JsonObject
                {
                    ["error"] = "api/v1/people/match is not accessible with this api_key on a free plan.",
                    ["error_code"] = "API_INACCESSIBLE",
                });
            case ApolloBehavior.Unprocessable:
                return UnprocessableAsync("Invalid email", email);
            case ApolloBehavior.Throttled(var retryAfter):
                return ThrottledAsync(retryAfter, email);
            case ApolloBehavior.Broken(var status):
                return SendAsync(email, $"broken_{status}", 0, status, "text/html", "<html><body>Something went wrong.</body></html>");
            case ApolloBehavior.Redirect(var to):
                http.Response.Headers.Location = to.AbsoluteUri;
                return SendAsync(email, "redirected", 0, 307, "text/plain", "");
            case ApolloBehavior.CloseConnection:
                Write(email, "closed", 0);
                http.Abort();
                return Task.CompletedTask;
            case ApolloBehavior.Hang:
                Write(email, "hung", 0);
                return Task.Delay(Timeout.Infinite, http.RequestAborted);
            default:
                throw new InvalidOperationException($"No such behavior: {behavior}.");
        }
    }

    private async Task CutAsync(string? email, int credits, JsonObject answer)
    {
        Write(email, "cut", credits);
        var body = Encoding.UTF8.GetBytes(answer.ToJsonString());
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        // Fewer bytes than announced make the server close the connection, after those that were written have gone out.
        await http.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), http.RequestAborted);
    }

    private Task SendJsonAsync(string? email, string outcome, int credits, int status, JsonObject body) =>
        SendAsync(email, outcome, credits, status, "application/json; charset=utf-8", body.ToJsonString());

    private Task SendAsync(string? email, string outcome, int credits, int status, string contentType, string body)
    {
        Write(email, outcome, credits);
        return RespondAsync(status, contentType, body);
    }

    private Task RespondAsync(int status, string contentType, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask();
    }

    private void Write(string? email, string outcome, int credits) =>
        book.Write(new ApolloCall(_came, http.Request.Path.Value ?? "", email, outcome, credits));
}
