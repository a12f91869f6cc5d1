using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Campaigns;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Ingestion;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace LeadGrain.Gateway.OpenApi;

/// <summary>Completes an operation from its route's metadata: body, parameters, security, errors, examples.</summary>
internal sealed class OperationShape : IOpenApiOperationTransformer
{
    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        AddParameters(operation, context.Description.RelativePath ?? string.Empty, metadata);
        if (metadata.OfType<BodyDescription>().FirstOrDefault() is { } body)
        {
            var schema = await context.GetOrCreateSchemaAsync(body.Shape, cancellationToken: cancellationToken);
            context.Document!.AddComponent(body.Shape.Name, schema);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = body.MediaTypes.ToDictionary(
                    static type => type,
                    _ => WithExamples(new() { Schema = new OpenApiSchemaReference(body.Shape.Name, context.Document) }, body.Examples, ParseJson)),
            };
        }

        if (metadata.OfType<TextBodies>().FirstOrDefault() is { } texts)
        {
            AddTexts(operation, texts);
        }

        var isGated = metadata.OfType<TenantRequired>().Any();
        if (isGated || metadata.OfType<TenantOptional>().Any())
        {
            AddGate(operation, context.Document, isGated);
        }

        foreach (var proof in metadata.OfType<ProofDescription>())
        {
            AddProof(operation, context.Document!, proof);
        }

        AddTimeout(operation);
        DescribeAnswers(operation, [.. metadata.OfType<AnswerExamples>()], metadata.OfType<ErrorShape>().FirstOrDefault());
        AddRateLimits(operation, context.Document!, metadata.OfType<RateLimited>().Any());
        if (metadata.OfType<TakesIdempotencyKey>().Any())
        {
            AddKey(operation);
        }

        foreach (var header in metadata.OfType<AnswerHeader>())
        {
            AddHeader(operation, header.Status.ToString(CultureInfo.InvariantCulture), header.Name, header.Description, JsonSchemaType.String);
        }
    }

    private static void AddParameters(OpenApiOperation operation, string path, IList<object> metadata)
    {
        operation.Parameters ??= [];
        if (path.Contains($"{{{CampaignApi.Parameter}}}", StringComparison.Ordinal))
        {
            operation.Parameters.Add(Parameter(
                ParameterLocation.Path, CampaignApi.Parameter, "The campaign's id, percent-encoded (a slash is %2F).", IdSchema(), required: true));
        }

        if (path.Contains($"{{{NamespaceRoute.Parameter}}}", StringComparison.Ordinal))
        {
            operation.Parameters.Add(Parameter(
                ParameterLocation.Path, NamespaceRoute.Parameter, "The namespace, percent-encoded (a slash is %2F).", IdSchema(), required: true));
        }

        foreach (var part in metadata.OfType<PathDescription>())
        {
            var schema = part.IsUuid ? QuerySchema(QueryKind.Uuid) : IdSchema();
            operation.Parameters.Add(Parameter(ParameterLocation.Path, part.Name, part.Description, schema, required: true));
        }

        foreach (var query in metadata.OfType<QueryDescription>())
        {
            operation.Parameters.Add(Parameter(ParameterLocation.Query, query.Name, query.Description, QuerySchema(query.Kind), query.IsRequired));
        }

        foreach (var header in metadata.OfType<HeaderDescription>())
        {
            var schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = header.MaxLength };
            operation.Parameters.Add(Parameter(ParameterLocation.Header, header.Name, header.Description, schema, required: false));
        }
    }

    private static OpenApiMediaType WithExamples(
        OpenApiMediaType media, IReadOnlyList<(string Kind, string Example)> examples, Func<string, JsonNode?> read)
    {
        if (examples is [var only])
        {
            media.Example = read(only.Example);
        }
        else
        {
            media.Examples = examples.ToDictionary(
                static one => one.Kind, IOpenApiExample (one) => new OpenApiExample { Value = read(one.Example) });
        }

        return media;
    }

    private static void AddTexts(OpenApiOperation operation, TextBodies texts) => operation.RequestBody = new OpenApiRequestBody
    {
        Required = true,
        Content = texts.Bodies.ToDictionary(
            static body => body.MediaType,
            static body => new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = JsonValue.Create(body.Example) }),
    };

    private static void AddGate(OpenApiOperation operation, OpenApiDocument? document, bool required)
    {
        operation.Security = [new() { [new OpenApiSecuritySchemeReference(DocumentShape.KeyScheme, document)] = [] }];
        if (!required)
        {
            operation.Security.Add([]);
        }

        operation.Parameters!.Add(Parameter(ParameterLocation.Header, TenantGate.AppHeader, "The calling application. May be left out with an organization's key.", IdSchema(), required: false));
        operation.Parameters.Add(Parameter(ParameterLocation.Header, TenantGate.OrgHeader, "The organization. May be left out with an organization's key.", IdSchema(), required: false));
        operation.Parameters.Add(Parameter(
            ParameterLocation.Header,
            RequestIdentity.Header,
            "Names the request in its answer and in the log, in printable ASCII characters. Without a usable one an id is made.",
            new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = RequestIdentity.MaxLength },
            required: false));
    }

    private static void AddProof(OpenApiOperation operation, OpenApiDocument document, ProofDescription proof)
    {
        document.AddComponent<IOpenApiSecurityScheme>(proof.Scheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = proof.Header,
            Description = proof.Description,
        });
        operation.Security ??= [];
        operation.Security.Add(new() { [new OpenApiSecuritySchemeReference(proof.Scheme, document)] = [] });
    }

    private static void AddKey(OpenApiOperation operation)
    {
        operation.Parameters!.Add(Parameter(
            ParameterLocation.Header,
            IdempotencyKey.Header,
            "Makes a repeat safe: within 24 hours, the same key with the same body is answered as the first time, and nothing is done again.",
            new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotencyKey.MaxLength, Pattern = "^[ -~]+$" },
            required: false));
        AddHeader(operation, "200", KeyedAnswer.ReplayedHeader, "true where this is the first request's answer again.", JsonSchemaType.String);
    }

    private static void AddHeader(OpenApiOperation operation, string status, string name, string description, JsonSchemaType type)
    {
        if (operation.Responses?.GetValueOrDefault(status) is OpenApiResponse answer)
        {
            answer.Headers ??= new Dictionary<string, IOpenApiHeader>();
            answer.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } };
        }
    }

    // Any body can come too slowly; it is told like one that cannot be read.
    private static void AddTimeout(OpenApiOperation operation)
    {
        if (operation is { RequestBody: not null, Responses: { } answers } && answers.GetValueOrDefault("400") is { Content: { } content })
        {
            answers.TryAdd("408", new OpenApiResponse
            {
                Content = content.ToDictionary(static media => media.Key, static media => new OpenApiMediaType { Schema = media.Value.Schema }),
            });
        }
    }

    private static void DescribeAnswers(OpenApiOperation operation, IReadOnlyList<AnswerExamples> examples, ErrorShape? shape)
    {
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            var code = int.Parse(status, CultureInfo.InvariantCulture);
            answer.Description = ReasonPhrases.GetReasonPhrase(code);
            AddHeaders(answer, code);
            foreach (var (type, media) in answer.Content ?? new Dictionary<string, OpenApiMediaType>())
            {
                if (examples.FirstOrDefault(of => of.Status == code) is { } answers)
                {
                    WithExamples(media, answers.Examples, text => ExampleOf(type, text));
                }
                else if (code >= 400)
                {
                    media.Example = ErrorExample(code, shape);
                }
            }
        }
    }

    private static JsonNode? ExampleOf(string mediaType, string text) =>
        mediaType.EndsWith("json", StringComparison.Ordinal) && !mediaType.EndsWith("ndjson", StringComparison.Ordinal)
            ? ParseJson(text)
            : JsonValue.Create(text);

    private static JsonNode? ParseJson(string text) => JsonNode.Parse(text);

    private static void AddHeaders(IOpenApiResponse answer, int status)
    {
        if (answer is OpenApiResponse response && status is 409 or 429 or 503)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers["Retry-After"] = NumberHeader("When asking again makes sense.");
        }
    }

    private static void AddRateLimits(OpenApiOperation operation, OpenApiDocument document, bool isRated)
    {
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            // Who is not let in has no organization whose limits could be told.
            string[] names = isRated && status != "401" ? RateLimitHeaders.OfRate : status == "429" ? RateLimitHeaders.OfAnyLimit : [];
            foreach (var name in names)
            {
                var response = (OpenApiResponse)answer;
                response.Headers ??= new Dictionary<string, IOpenApiHeader>();
                response.Headers[name] = new OpenApiHeaderReference(name, document);
            }
        }
    }

    private static OpenApiHeader NumberHeader(string description) =>
        new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" } };

    private static JsonNode? ErrorExample(int status, ErrorShape? shape)
    {
        const string RequestId = "5f0c1c5be0f94ad2a3f1c7b1a9d4e6f2";
        var problem = status switch
        {
            400 when shape == LeadErrors.Shape => LeadErrors.InvalidPayload(),
            400 => Problem.InvalidMember("leads[3].email", "must not be blank."),
            401 => Problem.Unauthorized(),
            403 => Problem.OrganizationMismatch(TenantGate.OrgHeader),
            404 => Problem.NamespaceNotFound(),
            409 => Problem.RequestInProgress(),
            413 => Problem.BodyTooLarge(JsonBody.SmallLimit),
            422 => Problem.IdempotencyKeyReused(),
            429 => Problem.RateLimited(TimeSpan.FromSeconds(1)),
            502 => new Problem(502, ProblemCodes.ProviderUnavailable, "Provider unavailable", "The enrichment provider is down."),
            503 => Problem.StorageUnavailable(),
            504 => new Problem(504, ProblemCodes.ProviderTimedOut, "Provider timed out", "The enrichment provider did not answer in time."),
            _ => Problem.OfStatus(status),
        };
        using var example = new MemoryStream();
        using (var json = new Utf8JsonWriter(example))
        {
            (shape ?? ProblemAnswer.Shape).Write(json, problem, RequestId);
        }

        return JsonNode.Parse(example.ToArray());
    }

    private static OpenApiParameter Parameter(ParameterLocation place, string name, string description, OpenApiSchema schema, bool required) =>
        new() { In = place, Name = name, Description = description, Schema = schema, Required = required };

    private static OpenApiSchema IdSchema() => new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = MemberReader.MaxIdLength };

    private static OpenApiSchema QuerySchema(QueryKind kind) => kind switch
    {
        QueryKind.Time => new() { Type = JsonSchemaType.String, Format = "date-time" },
        QueryKind.Uuid => new() { Type = JsonSchemaType.String, Format = "uuid" },
        QueryKind.Seconds => new() { Type = JsonSchemaType.Integer, Minimum = "0", Maximum = "30" },
        QueryKind.Limit => new()
        {
            Type = JsonSchemaType.Integer,
            Minimum = "1",
            Maximum = QueryReader.MaxLimit.ToString(CultureInfo.InvariantCulture),
            Default = QueryReader.DefaultLimit,
        },
        _ => new() { Type = JsonSchemaType.String },
    };
}
