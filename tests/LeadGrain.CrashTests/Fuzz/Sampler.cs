using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>Makes requests that the document promises to take.</summary>
internal sealed class Sampler
{
    internal const string App = "fuzz";

    /// <summary>For whom is asked; the first most often.</summary>
    internal static readonly string[] Orgs = ["one", "two"];

    // A wait that is asked for is served: this much of it proves the point without holding the run up.
    private const int LongestWaitSeconds = 1;

    private readonly ApiDocument _document;
    private readonly Dictionary<ApiOperation, JsonTree[]> _bodies = [];

    internal Sampler(ApiDocument document)
    {
        _document = document;
        foreach (var operation in document.Operations)
        {
            foreach (var parameter in operation.Parameters)
            {
                Pool.Want(parameter.Name, operation.Collection);
            }

            if (operation.Body is { } body)
            {
                var examples = body.Examples.Select(JsonTree.Of).DefaultIfEmpty(Make(body.Schema, string.Empty, new Random(0), 0)).ToArray();
                _bodies[operation] = examples;
                Array.ForEach(examples, example => Pool.AddExample(JsonDocument.Parse(example.ToBytes()).RootElement));
            }
        }
    }

    internal ValuePool Pool { get; } = new();

    /// <summary>A request as documented.</summary>
    /// <param name="operation">What to ask.</param>
    /// <param name="random">For the values.</param>
    /// <param name="mutations">For what is done to it later: apart, so that a replay that knows other answers does the same.</param>
    internal Draft Draw(ApiOperation operation, Random random, Random mutations)
    {
        var draft = new Draft(operation, mutations);
        if (operation.NeedsKey)
        {
            draft.SetHeader("X-API-Key", GridSettings.TestKey);
        }

        foreach (var parameter in operation.Parameters)
        {
            Add(draft, parameter, random);
        }

        if (OrganizationApart(operation) is { } org)
        {
            draft.SetHeader("X-Org-Id", org);
        }

        if (operation.Body is { } body)
        {
            draft.SetHeader("Content-Type", body.ContentType);
            draft.Json = _bodies[operation][random.Next(_bodies[operation].Length)].Copy();
            Vary(draft.Json, body.Schema, random);
            draft.Chunked = random.Next(16) == 0;
        }

        return draft;
    }

    /// <summary>An organization that asks for nothing else: half of all other requests would be refused by such limits, and no delivery proven.</summary>
    private static string? OrganizationApart(ApiOperation operation) => operation switch
    {
        { Method: "PUT", Path: "/organization/limits" } => "limited",
        { Method: "PUT" or "DELETE", Path: "/organization/secrets/{name}" } => "secretive",
        _ => null,
    };

    /// <summary>A value that fits a schema, as text.</summary>
    internal string TextFor(string name, JsonElement schema, Random random)
    {
        var leaf = Make(schema, name, random, 0) as JsonLeaf;
        return leaf is null ? "a" : leaf.Text ?? Encoding.UTF8.GetString(leaf.Raw);
    }

    private void Add(Draft draft, ApiParameter parameter, Random random)
    {
        switch (parameter.In)
        {
            case "path":
                var value = Uri.EscapeDataString(Pool.Find(parameter.Name, random, draft.Operation.Collection) ?? TextFor(parameter.Name, parameter.Schema, random));
                draft.Path = draft.Path.Replace($"{{{parameter.Name}}}", value, StringComparison.Ordinal);
                break;
            case "query" when parameter.Name == "appId":
                draft.Query.Add(KeyValuePair.Create(parameter.Name, App));
                break;
            case "query" when parameter.Name == "orgId":
                draft.Query.Add(KeyValuePair.Create(parameter.Name, Org(random)));
                break;
            case "query" when random.Next(3) == 0:
                draft.Query.Add(KeyValuePair.Create(parameter.Name, Uri.EscapeDataString(TextFor(parameter.Name, parameter.Schema, random))));
                break;
            case "header" when parameter.Name == "X-App-Id":
                draft.SetHeader(parameter.Name, App);
                break;
            case "header" when parameter.Name == "X-Org-Id":
                draft.SetHeader(parameter.Name, Org(random));
                break;
            case "header" when parameter.Name != "X-Request-Id" && random.Next(4) == 0: // which is to tell answers apart, and is set by a mutation
                draft.SetHeader(parameter.Name, TextFor(parameter.Name, parameter.Schema, random));
                break;
        }
    }

    private static string Org(Random random) => Orgs[random.Next(5) == 0 ? 1 : 0];

    /// <summary>Gives most of the example's texts values from the pool, shortens its waits, and adds now and then a member that it leaves out.</summary>
    private void Vary(JsonTree tree, JsonElement schema, Random random)
    {
        foreach (var place in JsonPlace.Below(tree))
        {
            var target = place;
            if (place is { Name: { } name, Value: JsonLeaf { Text: not null } } && random.Next(3) > 0 && Pool.Find(name, random) is { } value)
            {
                target.Value = JsonTree.OfText(value);
            }
            else if (place.Name == "waitSeconds")
            {
                target.Value = new JsonLeaf(LongestWaitSeconds.ToString(CultureInfo.InvariantCulture));
            }
        }

        AddUnsaid(tree, schema, random);
    }

    private void AddUnsaid(JsonTree tree, JsonElement schema, Random random)
    {
        schema = _document.Resolve(schema);
        if (tree is JsonItems items && schema.TryGetProperty("items", out var of))
        {
            items.Items.ForEach(item => AddUnsaid(item, of, random));
        }
        else if (tree is JsonMembers members && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                if (members.Members.Find(m => m.Name == property.Name) is { } said)
                {
                    AddUnsaid(said.Value, property.Value, random);
                }
                else if (random.Next(5) == 0)
                {
                    members.Members.Add(new JsonMember(property.Name, Make(property.Value, property.Name, random, 0)));
                }
            }
        }
    }

    private JsonTree Make(JsonElement schema, string name, Random random, int depth)
    {
        schema = _document.Resolve(schema);
        return TypeOf(schema) switch
        {
            "object" when depth < 4 && schema.TryGetProperty("properties", out var properties) => new JsonMembers(
                [.. properties.EnumerateObject().Select(p => new JsonMember(p.Name, Make(p.Value, p.Name, random, depth + 1)))]),
            "array" when depth < 4 && schema.TryGetProperty("items", out var items) => new JsonItems([Make(items, name, random, depth + 1)]),
            "integer" or "number" => new JsonLeaf(Number(schema, name, random).ToString(CultureInfo.InvariantCulture)),
            "boolean" => new JsonLeaf(random.Next(2) == 0 ? "true" : "false"),
            "string" => JsonTree.OfText(Text(schema, name, random)),
            _ => new JsonLeaf("""{"a":[1,"b",null]}"""),
        };
    }

    private static long Number(JsonElement schema, string name, Random random)
    {
        var least = schema.TryGetProperty("minimum", out var minimum) ? (long)minimum.GetDouble() : 0;
        var most = schema.TryGetProperty("maximum", out var maximum) ? (long)Math.Min(maximum.GetDouble(), 1e15) : least + 100;
        most = name.Contains("wait", StringComparison.OrdinalIgnoreCase) ? Math.Min(most, LongestWaitSeconds) : most;
        return random.Next(4) switch
        {
            0 => least,
            1 => most,
            _ => random.NextInt64(least, Math.Min(most, least + 20) + 1),
        };
    }

    private string Text(JsonElement schema, string name, Random random)
        => schema.TryGetProperty("enum", out var words) ? words[random.Next(words.GetArrayLength())].ToString()
            : Pool.Find(name, random)
            ?? (schema.TryGetProperty("format", out var format) ? format.GetString() : null) switch
            {
                "date-time" => $"20{random.Next(10, 40)}-01-15T10:00:00Z",
                "uuid" => new Guid(random.Next(64), 0, 0, new byte[8]).ToString(),
                "uri" => "https://example.com/hook",
                _ => $"a-{random.Next(8)}",
            };

    private static string? TypeOf(JsonElement schema)
        => schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out var type) ? null
            : type.ValueKind == JsonValueKind.String ? type.GetString()
            : type.EnumerateArray().Select(one => one.GetString()).First(one => one != "null");
}
