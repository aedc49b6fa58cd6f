using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.Vault;

/// <summary>
/// Key-encryption keys in a file on this machine: the default provider. The file is text, one key per line: id, base64 of 32 bytes, and the word
/// <c>current</c> on the one that wraps new data keys; lines that start with <c>#</c> are comments. Only its owner may read it (mode 0600 or stricter).
/// Keep a backup: nothing that was sealed opens without it. Safe for concurrent use. Disposing it wipes the keys.
/// </summary>
public sealed class LocalKeyFile : IKeyProvider, IDisposable
{
    private const byte WrapVersion = 1;
    private const int MaxFileBytes = 64 * 1024;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnlyFile | UnixFileMode.UserExecute;
    private const UnixFileMode ForOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static ReadOnlySpan<byte> Header =>
        "# Ostiary keys. Keep this file secret, and keep a backup: what was sealed cannot be opened without it.\n# id, key, and \"current\" on the key that wraps new data keys.\n"u8;

    // Guards the keys against being wiped between looking one up and handing it to the cipher: a data key wrapped under a wiped key would be lost.
    private readonly Lock _gate = new();
    private readonly Lock _rotating = new();
    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);
    private string _current;
    private bool _disposed;

    private LocalKeyFile(string path, KeySet keys)
    {
        FilePath = path;
        _current = keys.Current;
        foreach (var (id, key) in keys.Keys) _keys.Add(id, key);
    }

    /// <summary>Full path of the file.</summary>
    public string FilePath { get; }

    /// <inheritdoc/>
    public string CurrentKeyId
    {
        get
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return _current;
            }
        }
    }

    /// <summary>Ids of all keys that can unwrap, the current one included.</summary>
    public IReadOnlyCollection<string> KeyIds
    {
        get
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return [.. _keys.Keys];
            }
        }
    }

    /// <summary>
    /// Opens the key file, or makes one with one fresh random key (mode 0600; missing directories are made with mode 0700). Processes that start at once
    /// agree on one file.
    /// </summary>
    /// <exception cref="VaultException">The file may be read by others, is damaged, or cannot be read or made. The message says what to do.</exception>
    public static LocalKeyFile OpenOrCreate(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        path = Path.GetFullPath(path);
        try
        {
            if (!File.Exists(path)) Create(path);
            return new LocalKeyFile(path, Load(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new VaultException($"The key file {path} cannot be opened or created: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Adds a fresh random key and makes it the current one; the old keys stay and still unwrap. The file is replaced atomically. Other processes that have
    /// the file open read it again when they meet the new key's id. Back the file up again afterwards.
    /// </summary>
    /// <returns>The new key's id.</returns>
    /// <exception cref="VaultException">Another process is adding a key at this moment, or the file cannot be written.</exception>
    public string AddKey()
    {
        lock (_rotating) return AddKeyAlone();
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> WrapAsync(string keyId, ReadOnlyMemory<byte> dataKey, string context, CancellationToken cancellationToken)
    {
        if (dataKey.Length != Aead.KeyBytes) throw new ArgumentException($"A data key has {Aead.KeyBytes} bytes.", nameof(dataKey));
        using var cipher = Cipher(keyId, context);
        var wrapped = new byte[1 + dataKey.Length + Aead.OverheadBytes];
        wrapped[0] = WrapVersion;
        Aead.Encrypt(cipher, dataKey.Span, AssociatedData(keyId, context), wrapped.AsSpan(1));
        return ValueTask.FromResult(wrapped);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> UnwrapAsync(string keyId, ReadOnlyMemory<byte> wrapped, string context, CancellationToken cancellationToken)
    {
        using var cipher = Cipher(keyId, context);
        if (wrapped.Length != 1 + Aead.KeyBytes + Aead.OverheadBytes || wrapped.Span[0] != WrapVersion)
            throw new VaultException($"The data key of {context}, wrapped by key {keyId}, has an unknown format.");
        var dataKey = Aead.Decrypt(cipher, wrapped.Span[1..], AssociatedData(keyId, context))
            ?? throw new VaultException($"The data key of {context} does not open with key {keyId}: it was changed, or it belongs to something else.");
        return ValueTask.FromResult(dataKey);
    }

    /// <summary>Wipes the keys. Using the provider afterwards throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var key in _keys.Values) CryptographicOperations.ZeroMemory(key);
            _keys.Clear();
        }
    }

    private string AddKeyAlone()
    {
        lock (_gate) ObjectDisposedException.ThrowIf(_disposed, this);
        var next = FilePath + ".new";
        try
        {
            // Creating this file, which must not exist, is also what keeps two rotations apart: the current keys are read after it and before it takes their place.
            var stream = TryCreateNew(next) ?? throw new VaultException(
                $"The keys in {FilePath} are being changed by another process. If none is running, delete {next}, left by an interrupted change, and try again.");
            string id;
            try
            {
                using (stream)
                {
                    var keys = Load(FilePath);
                    try
                    {
                        id = keys.AddFresh();
                        keys.WriteTo(stream);
                    }
                    finally
                    {
                        keys.Wipe();
                    }
                }
                File.Move(next, FilePath, overwrite: true);
            }
            catch
            {
                File.Delete(next);
                throw;
            }
            Posix.SyncDirectory(Path.GetDirectoryName(FilePath)!);
            Reload();
            return id;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var message = failure is IOException && failure.HResult == FileExists
                ? $"The keys in {FilePath} are being changed by another process; try again."
                : $"The key file {FilePath} cannot be changed: {failure.Message}";
            throw new VaultException(message, failure);
        }
    }

    // EEXIST of Linux, as .NET reports it.
    private const int FileExists = 17;

    private static byte[] AssociatedData(string keyId, string context) => Aead.AssociatedData("ostiary/local-wrap/1", keyId, context);

    private AesGcm Cipher(string keyId, string context)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        ArgumentNullException.ThrowIfNull(context);
        if (TryCipher(keyId, out var cipher)) return cipher;

        // Another process may have added the key since this one read the file.
        try
        {
            Reload();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new VaultException($"The key {keyId}, which {context} needs, is not among the keys in memory, and the key file {FilePath} cannot be read: {failure.Message}", failure);
        }
        if (TryCipher(keyId, out cipher)) return cipher;
        throw new VaultException($"The key {keyId}, which {context} needs, is not in the key file {FilePath}. Restore the key file that belongs to this database.");
    }

    private bool TryCipher(string keyId, [NotNullWhen(true)] out AesGcm? cipher)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            cipher = _keys.TryGetValue(keyId, out var key) ? new AesGcm(key, Aead.TagBytes) : null;
            return cipher is not null;
        }
    }

    private void Reload()
    {
        var keys = Load(FilePath);
        lock (_gate)
        {
            if (_disposed)
            {
                keys.Wipe();
                return;
            }
            foreach (var (id, key) in keys.Keys)
                if (!_keys.TryAdd(id, key)) CryptographicOperations.ZeroMemory(key);
            _current = keys.Current;
        }
    }

    /// <summary>Writes a complete file beside <paramref name="path"/> and links it there, which fails when another process was first: nobody ever sees half a file.</summary>
    private static void Create(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else CreateDirectories(directory);

        var draft = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        try
        {
            using (var stream = TryCreateNew(draft) ?? throw new IOException($"{draft} exists."))
            {
                var keys = new KeySet();
                keys.AddFresh();
                keys.WriteTo(stream);
                keys.Wipe();
            }
            Posix.LinkIfMissing(draft, path);
            Posix.SyncDirectory(directory);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void CreateDirectories(string directory)
    {
        if (Directory.Exists(directory)) return;
        if (Path.GetDirectoryName(directory) is { } parent) CreateDirectories(parent);
        Directory.CreateDirectory(directory, OwnerOnlyDirectory);
    }

    private static FileStream? TryCreateNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnlyFile;
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    private static KeySet Load(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (!OperatingSystem.IsWindows())
        {
            // Asked of the open file, not of its path: it cannot be exchanged in between.
            var mode = File.GetUnixFileMode(file);
            if ((mode & ForOthers) != UnixFileMode.None)
                throw new VaultException($"The key file {path} is open to other users (mode {Convert.ToString((int)mode, 8).PadLeft(4, '0')}). Make it private with: chmod 600 {path}");
        }

        var length = RandomAccess.GetLength(file);
        if (length > MaxFileBytes) throw new VaultException($"The file {path} is not an Ostiary key file: it is larger than {MaxFileBytes} bytes.");
        var text = GC.AllocateArray<byte>((int)length, pinned: true);
        try
        {
            var read = 0;
            while (read < text.Length && RandomAccess.Read(file, text.AsSpan(read), read) is > 0 and var count) read += count;
            return KeySet.Parse(text.AsSpan(0, read), path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <summary>The keys of one file, in its order.</summary>
    private sealed class KeySet
    {
        public List<(string Id, byte[] Key)> Keys { get; } = [];

        public string Current { get; private set; } = "";

        public string AddFresh()
        {
            var key = GC.AllocateArray<byte>(Aead.KeyBytes, pinned: true);
            RandomNumberGenerator.Fill(key);
            var id = "local-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            Keys.Add((id, key));
            Current = id;
            return id;
        }

        public void WriteTo(FileStream stream)
        {
            stream.Write(Header);
            var encoded = GC.AllocateArray<byte>(Base64.GetMaxEncodedToUtf8Length(Aead.KeyBytes), pinned: true);
            foreach (var (id, key) in Keys)
            {
                Base64.EncodeToUtf8(key, encoded, out _, out _);
                stream.Write(Encoding.ASCII.GetBytes(id + " "));
                stream.Write(encoded);
                stream.Write(id == Current ? " current\n"u8 : "\n"u8);
            }
            CryptographicOperations.ZeroMemory(encoded);
            stream.Flush(flushToDisk: true);
        }

        public void Wipe()
        {
            foreach (var (_, key) in Keys) CryptographicOperations.ZeroMemory(key);
        }

        public static KeySet Parse(ReadOnlySpan<byte> text, string path)
        {
            var set = new KeySet();
            try
            {
                var number = 0;
                foreach (var range in text.Split((byte)'\n'))
                {
                    number++;
                    var line = text[range].Trim(" \t\r"u8);
                    if (line.IsEmpty || line[0] == (byte)'#') continue;
                    set.Add(line, $"Line {number} of the key file {path}");
                }
                if (set.Keys.Count == 0) throw new VaultException($"The key file {path} holds no key. Restore it from a backup, or move it away to start with a new key.");
                if (set.Current.Length == 0) throw new VaultException($"No key in the key file {path} is marked \"current\".");
                return set;
            }
            catch
            {
                set.Wipe();
                throw;
            }
        }

        // The messages name the line and never its text, which may be a key.
        private void Add(ReadOnlySpan<byte> line, string where)
        {
            Span<Range> fields = stackalloc Range[4];
            var count = 0;
            foreach (var field in line.SplitAny(" \t"u8))
            {
                if (line[field].IsEmpty) continue;
                if (count == fields.Length) break;
                fields[count++] = field;
            }
            var current = count == 3 && line[fields[2]].SequenceEqual("current"u8);
            if (count != 2 && !current) throw new VaultException($"{where} is not of the form: id key [current]");

            var id = Encoding.ASCII.GetString(line[fields[0]]);
            if (!KeyId.IsValid(id)) throw new VaultException($"{where}: the key's id must be 1 to 64 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'.");
            if (Keys.Exists(known => known.Id == id)) throw new VaultException($"{where}: the id {id} occurs twice.");
            if (current && Current.Length > 0) throw new VaultException($"{where}: a second key is marked \"current\".");

            var key = GC.AllocateArray<byte>(Aead.KeyBytes, pinned: true);
            // Listed before it is filled, so that Wipe reaches it whatever happens next.
            Keys.Add((id, key));
            var encoded = line[fields[1]];
            if (Base64.DecodeFromUtf8(encoded, key, out var consumed, out var written) != System.Buffers.OperationStatus.Done || consumed != encoded.Length || written != key.Length)
                throw new VaultException($"{where}: the key of {id} is not the base64 of {Aead.KeyBytes} bytes.");
            if (current) Current = id;
        }
    }
}
