namespace Ostiary.Egress;

/// <summary>Follows a chunked body (RFC 9112, 7.1) and tells data from framing. Strict about line ends and sizes, so that nobody behind the proxy sees another end than it does.</summary>
internal sealed class ChunkScanner
{
    private const int MostLineBytes = 16 * 1024;

    private State _state;
    private long _left;
    private int _digits;
    private int _lineBytes;

    private enum State
    {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        TrailerStart,
        Trailer,
        TrailerEnd,
        LastEnd,
        Done,
    }

    public bool Done => _state == State.Done;

    public void Reset() => (_state, _left, _digits, _lineBytes) = (State.Size, 0, 0, 0);

    /// <summary>
    /// Uses up to one run of data. Returns how many bytes were used; <paramref name="data"/> is the data among them, always at their end.
    /// </summary>
    /// <exception cref="InvalidDataException">Not a chunked body.</exception>
    public int Advance(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        data = default;
        var used = 0;
        while (used < bytes.Length && _state != State.Done)
        {
            if (_state == State.Data)
            {
                var count = (int)Math.Min(_left, bytes.Length - used);
                data = bytes.Slice(used, count);
                _left -= count;
                if (_left == 0) _state = State.DataReturn;
                return used + count;
            }
            Step(bytes[used++]);
        }
        return used;
    }

    private void Step(byte one)
    {
        switch (_state)
        {
            case State.Size:
                if (char.IsAsciiHexDigit((char)one))
                {
                    if (++_digits > 15) throw new InvalidDataException("A chunk is too large.");
                    _left = (_left * 16) + (one <= '9' ? one - '0' : (one | 0x20) - 'a' + 10);
                    break;
                }
                if (_digits == 0) throw new InvalidDataException("A chunk has no size.");
                _state = one switch
                {
                    (byte)'\r' => State.SizeEnd,
                    (byte)';' or (byte)' ' or (byte)'\t' => State.Extension,
                    _ => throw new InvalidDataException("A chunk's size is not a number."),
                };
                break;
            case State.Extension:
                if (one == '\r') _state = State.SizeEnd;
                else Count(one);
                break;
            case State.SizeEnd:
                Expect(one, '\n', _left > 0 ? State.Data : State.TrailerStart);
                (_digits, _lineBytes) = (0, 0);
                break;
            case State.DataReturn:
                Expect(one, '\r', State.DataEnd);
                break;
            case State.DataEnd:
                Expect(one, '\n', State.Size);
                break;
            case State.TrailerStart:
                if (one == '\r')
                {
                    _state = State.LastEnd;
                    break;
                }
                _state = State.Trailer;
                Count(one);
                break;
            case State.Trailer:
                if (one == '\r') _state = State.TrailerEnd;
                else Count(one);
                break;
            case State.TrailerEnd:
                Expect(one, '\n', State.TrailerStart);
                break;
            case State.LastEnd:
                Expect(one, '\n', State.Done);
                break;
            case State.Data or State.Done:
                throw new InvalidOperationException("Data is not stepped over byte by byte.");
        }
    }

    private void Count(byte one)
    {
        if (one == '\n' || ++_lineBytes > MostLineBytes) throw new InvalidDataException("A chunk's line is malformed or too long.");
    }

    private void Expect(byte one, char expected, State next)
    {
        if (one != expected) throw new InvalidDataException("A chunk does not end where it should.");
        _state = next;
    }
}
