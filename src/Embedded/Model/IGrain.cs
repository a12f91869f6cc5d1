namespace LeadGrain.Embedded;

/// <summary>Whatever can be called as a grain.</summary>
public interface IAddressable;

/// <summary>A virtual actor.</summary>
public interface IGrain : IAddressable;

/// <summary>A virtual actor named by a string.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>A grain class; implemented by <see cref="Grain"/>.</summary>
public interface IGrainBase;

/// <summary>Makes references to grains.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to the grain of this interface and key. Makes no call.</summary>
    /// <param name="primaryKey">The grain's key.</param>
    /// <param name="grainClassNamePrefix">Must be null here: each interface has one class.</param>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;
}
