using System.Net.Sockets;

namespace Ostiary.Egress;

/// <summary>What has arrived on a socket and was not used yet.</summary>
internal sealed class SocketReader(Socket socket, int limit)
{
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    public ReadOnlyMemory<byte> UnreadMemory => _buffer.AsMemory(_start, _end - _start);

    public int Count => _end - _start;

    /// <summary>The limit is reached and nothing more can be read before something is consumed.</summary>
    public bool IsFull => Count >= limit;

    public void Consume(int count)
    {
        _start += count;
        if (_start == _end) _start = _end = 0;
    }

    /// <summary>Reads what is there; false at the end. Spans over <see cref="Unread"/> end their life with this call.</summary>
    public async ValueTask<bool> FillAsync()
    {
        if (_end == _buffer.Length) MakeRoom();
        var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None);
        _end += read;
        return read > 0;
    }

    /// <summary>Nothing of a request is kept. Only when no read is under way.</summary>
    public void Wipe() => Array.Clear(_buffer);

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            return;
        }
        var larger = new byte[Math.Max(_buffer.Length + 1, Math.Min(_buffer.Length * 2, limit))];
        _buffer.CopyTo(larger, 0);
        Array.Clear(_buffer);
        _buffer = larger;
    }
}
