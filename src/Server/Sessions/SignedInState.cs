using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Browser;

namespace Ostiary.Server.Sessions;

/// <summary>
/// What keeps a browser signed in after it is closed: cookies, local storage and IndexedDB, with what the signed-in page looked like. Whoever holds it is signed in: it is
/// sealed at once, opened for one start of a browser, and wiped on dispose.
/// </summary>
internal sealed class SignedInState(SignedInPage page, DateTimeOffset confirmedAt, byte[] storage) : IDisposable
{
    /// <summary>More than a few megabytes is a site's cache, not a sign-in.</summary>
    private const int Largest = 8 * 1024 * 1024;
    private const byte Form = 1;

    public SignedInPage Page { get; } = page;

    /// <summary>When a browser with it was last known to be signed in.</summary>
    public DateTimeOffset ConfirmedAt { get; } = confirmedAt;

    /// <summary>The browser's own form, see <see cref="BrowserSession.SaveStateAsync"/>.</summary>
    public ReadOnlyMemory<byte> Storage { get; } = storage;

    /// <summary>Takes it from a browser that is signed in. Null: the page would not let it be taken, the browser is gone, or it is too large to keep.</summary>
    public static async Task<SignedInState?> TakeAsync(LiveSession session, SignedInPage page, CancellationToken cancellationToken)
    {
        byte[] storage;
        try
        {
            storage = await session.Browser.SaveStateAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is PageActionException or BrowserLostException || (exception is OperationCanceledException && session.Browser.Lost.IsCancellationRequested))
        {
            // What was done in the browser is done: that nothing can be kept of it is no reason to call it lost.
            return null;
        }

        if (storage.Length <= Largest) return new SignedInState(page, session.ConfirmedAt, storage);
        CryptographicOperations.ZeroMemory(storage);
        return null;
    }

    /// <summary>As bytes for sealing: form, the page's address, its marks, the browser's storage. The caller wipes them.</summary>
    public byte[] ToBytes()
    {
        var address = Encoding.UTF8.GetBytes(Page.Address.AbsoluteUri);
        var bytes = GC.AllocateArray<byte>(1 + 4 + address.Length + 4 + (8 * Page.Marks.Count) + Storage.Length, pinned: true);
        var at = bytes.AsSpan();
        at[0] = Form;
        BinaryPrimitives.WriteInt32LittleEndian(at[1..], address.Length);
        address.CopyTo(at[5..]);
        at = at[(5 + address.Length)..];
        BinaryPrimitives.WriteInt32LittleEndian(at, Page.Marks.Count);
        at = at[4..];
        foreach (var mark in Page.Marks)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(at, mark);
            at = at[8..];
        }

        Storage.Span.CopyTo(at);
        return bytes;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote. Null: of a form that this version does not know, which costs a sign-in and nothing else.</summary>
    public static SignedInState? Read(ReadOnlySpan<byte> bytes, DateTimeOffset confirmedAt)
    {
        if (bytes.Length < 9 || bytes[0] != Form) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        if (!Uri.TryCreate(Encoding.UTF8.GetString(bytes.Slice(5, length)), UriKind.Absolute, out var address)) return null;
        bytes = bytes[(5 + length)..];
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bytes = bytes[4..];
        var marks = new HashSet<ulong>();
        for (var i = 0; i < count; i++, bytes = bytes[8..]) marks.Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        var storage = GC.AllocateArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(storage);
        return new SignedInState(new SignedInPage(address, marks), confirmedAt, storage);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(storage);
}
