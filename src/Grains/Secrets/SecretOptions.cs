using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Secrets;

/// <summary>How organizations' secrets are kept.</summary>
public sealed class SecretOptions : IValidatableObject
{
    /// <summary>
    /// The key ring, as <c>id:base64,id2:base64</c> of 32 bytes each: the first seals, all open. To rotate, add a new key at the
    /// end in every process, then move it to the front in every process, and drop the old one once no secret is sealed with it
    /// (docs/runbook.md). Empty: no secret can be kept. Setting <c>SECRET_KEYS</c>.
    /// </summary>
    public string Keys { get; set; } = "";

    /// <summary>How often each process looks for secrets that an older key has sealed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RotateEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!SecretRing.TryParse(Keys, out _, out var fault))
        {
            yield return new ValidationResult($"SECRET_KEYS {fault}");
        }
    }
}
