using System.Text.Json;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>The running host's own OpenAPI document, read for what requests can be made of it.</summary>
internal sealed class ApiDocument
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch"];

    private readonly JsonElement _root;

    /// <param name="root">The document.</param>
    /// <param name="pages">What can be had by GET though the document does not say so.</param>
    internal ApiDocument(JsonElement root, params string[] pages)
    {
        _root = root;
        foreach (var path in root.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject().Where(m => Methods.Contains(m.Name)))
            {
                Operations.Add(Read(path.Name, method.Name, method.Value, Operations.Count));
            }
        }

        foreach (var page in pages)
        {
            Operations.Add(new ApiOperation(Operations.Count, page, "GET") { IsDocumented = false });
        }
    }

    internal List<ApiOperation> Operations { get; } = [];

    /// <summary>A schema with its references followed; of alternatives, the first that is not null.</summary>
    internal JsonElement Resolve(JsonElement schema)
    {
        while (schema.ValueKind == JsonValueKind.Object)
        {
            if (schema.TryGetProperty("$ref", out var reference))
            {
                schema = reference.GetString()!.Split('/').Skip(1).Aggregate(_root, (at, step) => at.GetProperty(step));
            }
            else if (Alternatives(schema) is { } alternative)
            {
                schema = alternative;
            }
            else
            {
                break;
            }
        }

        return schema;
    }

    private static JsonElement? Alternatives(JsonElement schema)
    {
        foreach (var word in (string[])["oneOf", "anyOf", "allOf"])
        {
            if (schema.TryGetProperty(word, out var all))
            {
                return all.EnumerateArray().First(one => !(one.TryGetProperty("type", out var type) && type.ValueEquals("null")));
            }
        }

        return null;
    }

    private static ApiOperation Read(string path, string method, JsonElement operation, int number) => new(number, path, method.ToUpperInvariant())
    {
        NeedsKey = operation.TryGetProperty("security", out var security) && security.EnumerateArray().Any(one => one.TryGetProperty("ApiKey", out _)),
        Parameters = operation.TryGetProperty("parameters", out var parameters)
            ? [.. parameters.EnumerateArray().Select(p => new ApiParameter(
                p.GetProperty("in").GetString()!, p.GetProperty("name").GetString()!, p.GetProperty("schema")))]
            : [],
        Body = operation.TryGetProperty("requestBody", out var body) ? ReadBody(body) : null,
        Answers = operation.GetProperty("responses").EnumerateObject().ToDictionary(
            answer => answer.Name,
            answer => answer.Value.TryGetProperty("content", out var content) ? content.EnumerateObject().Select(c => c.Name).ToArray() : []),
    };

    private static ApiBody ReadBody(JsonElement body)
    {
        var contents = body.GetProperty("content").EnumerateObject();
        var content = contents.FirstOrDefault(c => c.Name.Contains("json", StringComparison.Ordinal), contents.First());
        return new ApiBody(
            content.Name,
            content.Value.TryGetProperty("schema", out var schema) ? schema : default,
            content.Value.TryGetProperty("example", out var example) ? [example]
                : content.Value.TryGetProperty("examples", out var kinds) ? [.. kinds.EnumerateObject().Select(kind => kind.Value.GetProperty("value"))]
                : []);
    }
}

/// <summary>One method of one path.</summary>
/// <param name="Number">Its place in the document.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Method">In capitals.</param>
internal sealed record ApiOperation(int Number, string Path, string Method)
{
    internal bool IsDocumented { get; init; } = true;

    internal bool NeedsKey { get; init; }

    internal IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    internal ApiBody? Body { get; init; }

    /// <summary>The media types of each status.</summary>
    internal IReadOnlyDictionary<string, string[]> Answers { get; init; } = new Dictionary<string, string[]> { ["200"] = [] };

    /// <summary>The path up to its first parameter: what its ids are told by.</summary>
    internal string Collection => Path.Split("/{")[0];

    internal bool HasInput => Body is not null || NeedsKey || Parameters.Count > 0;

    /// <summary>A delivery from outside, which no key but a secret of its organization's proves.</summary>
    internal bool IsDelivery => !NeedsKey && Answers.ContainsKey("401");

    internal bool CanSucceed => Answers.Keys.Any(status => status.StartsWith('2'));

    public override string ToString() => $"{Method} {Path}";
}

/// <summary>A parameter and where it goes: path, query or header.</summary>
internal sealed record ApiParameter(string In, string Name, JsonElement Schema);

/// <summary>What a request carries.</summary>
internal sealed record ApiBody(string ContentType, JsonElement Schema, IReadOnlyList<JsonElement> Examples);
