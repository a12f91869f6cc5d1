using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;

namespace LeadGrain.Tests.Embedded;

/// <summary>A type read from the metadata of Orleans's assembly, which is not loaded, its members each in one line.</summary>
internal sealed class OrleansType(MetadataReader reader, TypeDefinition type)
{
    private static readonly TypeNames s_names = new();

    public bool IsPublic => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public;

    public string Namespace => reader.GetString(type.Namespace);

    public string Name => reader.GetString(type.Name);

    public string Kind => MemberLine.Kind(type.Attributes);

    public string? Base => type.BaseType.IsNil ? null : NameOf(type.BaseType);

    public IEnumerable<string> Interfaces
        => type.GetInterfaceImplementations().Select(handle => NameOf(reader.GetInterfaceImplementation(handle).Interface));

    public IEnumerable<string> Members =>
    [
        .. type.GetMethods().Select(reader.GetMethodDefinition)
            .Where(method => MemberLine.IsVisible(method.Attributes))
            .Select(Line),
        .. type.GetFields().Select(reader.GetFieldDefinition)
            .Where(f => f.Attributes.HasFlag(FieldAttributes.Literal))
            .Select(f => MemberLine.Constant(reader.GetString(f.Name), Value(f.GetDefaultValue()))),
    ];

    private string Line(MethodDefinition method)
    {
        var signature = method.DecodeSignature(s_names, null);
        var parameters = method.GetParameters().Select(reader.GetParameter)
            .Where(p => p.SequenceNumber > 0)
            .Select(p => $"{signature.ParameterTypes[p.SequenceNumber - 1]} {reader.GetString(p.Name)}{Default(p)}");
        return MemberLine.Method(
            method.Attributes, signature.ReturnType, reader.GetString(method.Name), signature.GenericParameterCount, parameters);
    }

    private string Default(Parameter parameter)
        => parameter.GetDefaultValue() is { IsNil: false } handle ? $" = {Value(handle) ?? "null"}" : "";

    private object? Value(ConstantHandle handle)
    {
        var constant = reader.GetConstant(handle);
        return reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode);
    }

    private string NameOf(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => s_names.GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0),
        HandleKind.TypeReference => s_names.GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0),
        _ => reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(s_names, null),
    };

    /// <summary>Writes types as <see cref="EmbeddedType"/> does: without their namespaces.</summary>
    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
            => reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
            => reader.GetString(reader.GetTypeReference(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind)
            => reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments)
            => $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => "!!" + index;

        public string GetGenericTypeParameter(object? genericContext, int index) => "!" + index;

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired)
            => isRequired && modifier == "IsExternalInit" ? unmodifiedType + " init" : unmodifiedType;

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPinnedType(string elementType) => elementType;

        public string GetFunctionPointerType(MethodSignature<string> signature) => "delegate*";
    }
}
