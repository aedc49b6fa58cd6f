using System.Buffers.Binary;
using System.IO.Compression;

namespace Ostiary.Browser.Tests;

/// <summary>The pixels of a PNG as Chromium writes them (8 bits a channel, RGB or RGBA, not interlaced; PNG specification, sections 5, 9 and 11).</summary>
internal sealed class Picture
{
    private readonly byte[] _pixels;
    private readonly int _channels;

    public int Width { get; }
    public int Height { get; }

    public Picture(byte[] png)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        using var packed = new MemoryStream();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            var type = System.Text.Encoding.ASCII.GetString(png, at + 4, 4);
            var data = png.AsSpan(at + 8, length);
            if (type == "IHDR")
            {
                (Width, Height) = (BinaryPrimitives.ReadInt32BigEndian(data), BinaryPrimitives.ReadInt32BigEndian(data[4..]));
                Assert.Equal(8, data[8]);
                Assert.Equal(0, data[12]);
                _channels = data[9] == 6 ? 4 : 3;
            }
            else if (type == "IDAT")
            {
                packed.Write(data);
            }
            at += length + 12;
        }
        packed.Position = 0;
        using var unpacked = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionMode.Decompress)) zlib.CopyTo(unpacked);
        var raw = unpacked.ToArray();
        var row = Width * _channels;
        _pixels = new byte[row * Height];
        for (var y = 0; y < Height; y++)
        {
            var filter = raw[y * (row + 1)];
            for (var x = 0; x < row; x++)
            {
                int left = x >= _channels ? _pixels[y * row + x - _channels] : 0, up = y > 0 ? _pixels[(y - 1) * row + x] : 0, corner = x >= _channels && y > 0 ? _pixels[(y - 1) * row + x - _channels] : 0;
                var predicted = filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) };
                _pixels[y * row + x] = (byte)(raw[y * (row + 1) + 1 + x] + predicted);
            }
        }

        static int Paeth(int a, int b, int c)
        {
            int p = a + b - c, pa = Math.Abs(p - a), pb = Math.Abs(p - b), pc = Math.Abs(p - c);
            return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
        }
    }

    public bool IsBlack(int x, int y)
    {
        var at = (y * Width + x) * _channels;
        return _pixels[at] == 0 && _pixels[at + 1] == 0 && _pixels[at + 2] == 0;
    }

    /// <summary>True when every pixel of a box, a margin of two pixels apart, is black.</summary>
    public bool IsBlack(Microsoft.Playwright.ElementHandleBoundingBoxResult box)
    {
        for (var y = (int)box.Y + 2; y < box.Y + box.Height - 2; y++)
            for (var x = (int)box.X + 2; x < box.X + box.Width - 2; x++)
                if (!IsBlack(x, y)) return false;
        return true;
    }
}
