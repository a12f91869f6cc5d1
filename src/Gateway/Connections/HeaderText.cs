using System.Text;

namespace LeadGrain.Gateway.Connections;

/// <summary>
/// Reads headers as UTF-8, and bytes that are none as Latin-1, as old senders meant them. Kestrel would refuse the whole request.
/// </summary>
internal sealed class HeaderText : DecoderFallback
{
    internal static readonly Encoding Encoding = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new HeaderText());

    // An unfinished sequence of three of UTF-8's bytes.
    public override int MaxCharCount => 3;

    public override DecoderFallbackBuffer CreateFallbackBuffer() => new Latin1();

    private sealed class Latin1 : DecoderFallbackBuffer
    {
        private byte[] _bytes = [];
        private int _next;

        public override int Remaining => _bytes.Length - _next;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            (_bytes, _next) = (bytesUnknown, 0);
            return bytesUnknown.Length > 0;
        }

        public override char GetNextChar() => _next < _bytes.Length ? (char)_bytes[_next++] : '\0';

        public override bool MovePrevious() => _next > 0 && --_next >= 0;

        public override void Reset() => (_bytes, _next) = ([], 0);
    }
}
