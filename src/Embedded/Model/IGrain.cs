namespace LeadGrain.Embedded;

/// <summary>Whatever can be called as a grain.</summary>
public interface IAddressable;

/// <summary>A virtual actor.</summary>
public interface IGrain : IAddressable;

/// <summary>A virtual actor named by a string.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>Makes references to grains.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to the grain of this interface and key. Makes no call and cannot fail.</summary>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;
}
