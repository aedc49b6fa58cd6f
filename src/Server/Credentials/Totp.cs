using System.Buffers.Binary;
using System.Security.Cryptography;
using Ostiary.Vault;

namespace Ostiary.Server.Credentials;

/// <summary>
/// A seed of time-based one-time codes (RFC 6238 over RFC 4226): base32, or an <c>otpauth://totp/</c> URI with <c>secret</c>, <c>digits</c>, <c>period</c> and
/// <c>algorithm</c>. The decoded key is wiped on dispose.
/// </summary>
internal sealed class Totp : IDisposable
{
    private readonly byte[] _key;
    private readonly int _digits;
    private readonly HashAlgorithmName _algorithm;

    private Totp(byte[] key, int digits, TimeSpan period, HashAlgorithmName algorithm)
    {
        (_key, _digits, _algorithm) = (key, digits, algorithm);
        Period = period;
    }

    /// <summary>How long one code is valid.</summary>
    public TimeSpan Period { get; }

    public static bool TryParse(Secret seed, out Totp? totp)
    {
        totp = seed.Reveal(text => Parse(text.Span));
        return totp is not null;
    }

    /// <summary>The number of the time step that <paramref name="now"/> lies in.</summary>
    public long StepAt(DateTimeOffset now) => now.ToUnixTimeMilliseconds() / (long)Period.TotalMilliseconds;

    /// <summary>The code of a time step.</summary>
    public Secret CodeOf(long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        var hash = _algorithm == HashAlgorithmName.SHA512 ? HMACSHA512.HashData(_key, counter) : _algorithm == HashAlgorithmName.SHA256 ? HMACSHA256.HashData(_key, counter) : HMACSHA1.HashData(_key, counter);
        var offset = hash[^1] & 0x0F;
        var number = BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(offset, 4)) & 0x7FFF_FFFF;
        Span<char> digits = stackalloc char[_digits];
        for (var i = _digits - 1; i >= 0; i--, number /= 10) digits[i] = (char)('0' + (number % 10));
        CryptographicOperations.ZeroMemory(hash);
        var code = Secret.From(digits);
        digits.Clear();
        return code;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private static Totp? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        var (digits, period, algorithm) = (6, 30, HashAlgorithmName.SHA1);
        if (text.StartsWith("otpauth://", StringComparison.OrdinalIgnoreCase))
        {
            if (!text.StartsWith("otpauth://totp/", StringComparison.OrdinalIgnoreCase) || text.IndexOf('?') is var mark && mark < 0) return null;
            var query = text[(mark + 1)..];
            text = [];
            foreach (var range in query.Split('&'))
            {
                var pair = query[range];
                var equals = pair.IndexOf('=');
                if (equals < 0) continue;
                var value = pair[(equals + 1)..];
                switch (pair[..equals])
                {
                    case "secret": text = value; break;
                    case "digits": if (!int.TryParse(value, out digits)) return null; break;
                    case "period": if (!int.TryParse(value, out period)) return null; break;
                    case "algorithm" when value.Equals("SHA1", StringComparison.OrdinalIgnoreCase): break;
                    case "algorithm" when value.Equals("SHA256", StringComparison.OrdinalIgnoreCase): algorithm = HashAlgorithmName.SHA256; break;
                    case "algorithm" when value.Equals("SHA512", StringComparison.OrdinalIgnoreCase): algorithm = HashAlgorithmName.SHA512; break;
                    case "algorithm": return null;
                    default: break;
                }
            }
        }

        if (digits is < 6 or > 8 || period is < 1 or > 300) return null;
        return DecodeBase32(text) is { } key ? new Totp(key, digits, TimeSpan.FromSeconds(period), algorithm) : null;
    }

    // RFC 4648 section 6, without regard to case, spaces, hyphens and padding, as people copy seeds.
    private static byte[]? DecodeBase32(ReadOnlySpan<char> text)
    {
        var bytes = GC.AllocateArray<byte>((text.Length * 5 / 8) + 1, pinned: true);
        var (buffer, bits, length) = (0, 0, 0);
        foreach (var c in text)
        {
            if (c is ' ' or '-' or '=') continue;
            var value = char.ToUpperInvariant(c) switch { >= 'A' and <= 'Z' and var letter => letter - 'A', >= '2' and <= '7' and var digit => digit - '2' + 26, _ => -1 };
            if (value < 0) return null;
            buffer = ((buffer << 5) | value) & 0xFFF;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes[length++] = (byte)(buffer >> bits);
        }

        if (length == 0) return null;
        var key = GC.AllocateArray<byte>(length, pinned: true);
        bytes.AsSpan(0, length).CopyTo(key);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }
}
