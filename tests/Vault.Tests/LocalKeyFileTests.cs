using System.Diagnostics;
using System.Security.Cryptography;
using Xunit;

namespace Ostiary.Vault.Tests;

public sealed class LocalKeyFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string KeyFile => _folder.File("keys");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_file_and_its_folders_are_for_the_owner_only()
    {
        var path = Path.Combine(_folder.Path, "made", "for", "it", "keys");
        using var keys = LocalKeyFile.OpenOrCreate(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        for (var folder = Path.GetDirectoryName(path)!; folder != _folder.Path; folder = Path.GetDirectoryName(folder)!)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Opening_it_again_gives_the_same_key()
    {
        using var first = LocalKeyFile.OpenOrCreate(KeyFile);
        var written = File.ReadAllBytes(KeyFile);
        using var second = LocalKeyFile.OpenOrCreate(KeyFile);
        Assert.Equal(first.CurrentKeyId, second.CurrentKeyId);
        Assert.Equal(written, File.ReadAllBytes(KeyFile));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    [InlineData(UnixFileMode.GroupWrite, "0620")]
    [InlineData(UnixFileMode.OtherWrite, "0602")]
    public void A_file_open_to_others_is_refused_with_the_remedy(UnixFileMode extra, string shown)
    {
        LocalKeyFile.OpenOrCreate(KeyFile).Dispose();
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | extra);
        var failure = Assert.Throws<VaultException>(() => LocalKeyFile.OpenOrCreate(KeyFile));
        Assert.Contains($"chmod 600 {KeyFile}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(shown, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_the_owner_may_only_read_is_accepted()
    {
        LocalKeyFile.OpenOrCreate(KeyFile).Dispose();
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead);
        LocalKeyFile.OpenOrCreate(KeyFile).Dispose();
    }

    [Fact]
    public async Task Threads_that_start_at_once_agree_on_one_key()
    {
        for (var round = 0; round < 20; round++)
        {
            var path = _folder.File($"keys-{round}");
            using var gate = new Barrier(8);
            var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() =>
            {
                gate.SignalAndWait();
                using var keys = LocalKeyFile.OpenOrCreate(path);
                return keys.CurrentKeyId;
            }, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Single(ids.Distinct());
            Assert.Equal([path], Directory.GetFiles(_folder.Path, $"keys-{round}*"));
        }
    }

    [Fact]
    public async Task Processes_that_start_at_once_agree_on_one_key()
    {
        var processes = Enumerable.Range(0, 3).Select(_ => Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Ostiary.Vault.Tests"))
        {
            ArgumentList = { "open-key-file", KeyFile },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!).ToList();
        try
        {
            foreach (var process in processes) Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(Stop));
            foreach (var process in processes) await process.StandardInput.WriteLineAsync("go".AsMemory(), Stop);
            var ids = new List<string?>();
            foreach (var process in processes) ids.Add(await process.StandardOutput.ReadLineAsync(Stop));
            using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
            Assert.All(ids, id => Assert.Equal(keys.CurrentKeyId, id));
        }
        finally
        {
            foreach (var process in processes)
            {
                process.Kill();
                process.Dispose();
            }
        }
    }

    [Fact]
    public async Task A_key_added_becomes_current_and_the_old_one_still_unwraps()
    {
        using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var old = keys.CurrentKeyId;
        var wrapped = await keys.WrapAsync(old, dataKey, "row", Stop);

        var added = keys.AddKey();

        Assert.Equal(added, keys.CurrentKeyId);
        Assert.Equal(dataKey, await keys.UnwrapAsync(old, wrapped, "row", Stop));
        using var again = LocalKeyFile.OpenOrCreate(KeyFile);
        Assert.Equal(added, again.CurrentKeyId);
        Assert.Equal(new[] { old, added }.Order(), again.KeyIds.Order());
        Assert.Equal(dataKey, await again.UnwrapAsync(old, wrapped, "row", Stop));
        await Assert.ThrowsAsync<VaultException>(async () => await again.UnwrapAsync(added, wrapped, "row", Stop));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal([KeyFile], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_process_that_was_running_during_a_rotation_opens_what_the_new_key_wrapped()
    {
        using var running = LocalKeyFile.OpenOrCreate(KeyFile);
        using var rotating = LocalKeyFile.OpenOrCreate(KeyFile);
        var added = rotating.AddKey();
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var wrapped = await rotating.WrapAsync(added, dataKey, "row", Stop);

        Assert.Equal(dataKey, await running.UnwrapAsync(added, wrapped, "row", Stop));
        Assert.Equal(added, running.CurrentKeyId);
    }

    [Fact]
    public async Task Rotations_at_once_lose_no_key()
    {
        using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        using var gate = new Barrier(6);
        var added = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Factory.StartNew(() =>
        {
            using var mine = LocalKeyFile.OpenOrCreate(KeyFile);
            gate.SignalAndWait();
            try
            {
                return mine.AddKey();
            }
            catch (VaultException failure) when (failure.Message.Contains("another process", StringComparison.Ordinal))
            {
                return null;
            }
        }, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        using var after = LocalKeyFile.OpenOrCreate(KeyFile);
        Assert.Contains(added, id => id is not null);
        Assert.Equal(added.OfType<string>().Append(keys.CurrentKeyId).Order(), after.KeyIds.Order());
    }

    [Fact]
    public void A_rotation_that_was_interrupted_says_which_file_to_delete()
    {
        using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        File.WriteAllText(KeyFile + ".new", "");
        var before = File.ReadAllBytes(KeyFile);
        Assert.Contains(KeyFile + ".new", Assert.Throws<VaultException>(() => keys.AddKey()).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(KeyFile));
    }

    [Fact]
    public void A_failed_rotation_leaves_the_file_and_the_keys_as_they_were()
    {
        using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        var current = keys.CurrentKeyId;
        File.WriteAllText(KeyFile, "damaged meanwhile");
        Assert.Throws<VaultException>(() => keys.AddKey());
        Assert.Equal("damaged meanwhile", File.ReadAllText(KeyFile));
        Assert.Equal(current, keys.CurrentKeyId);
        Assert.False(File.Exists(KeyFile + ".new"));
    }

    private const string FakeKey = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";

    [Theory]
    [InlineData("", "holds no key")]
    [InlineData("# only a comment\n", "holds no key")]
    [InlineData("a " + FakeKey + "\n", "marked \"current\"")]
    [InlineData("a " + FakeKey + " current\nb " + FakeKey + " current\n", "Line 2")]
    [InlineData("a " + FakeKey + " current\na " + FakeKey + "\n", "occurs twice")]
    [InlineData("a " + FakeKey + " currently\n", "Line 1")]
    [InlineData("a " + FakeKey + " current more\n", "Line 1")]
    [InlineData("a\n", "Line 1")]
    [InlineData("a/b " + FakeKey + " current\n", "id must be")]
    [InlineData("a QUFBQQ== current\n", "base64 of 32 bytes")]
    [InlineData("a " + FakeKey + "QUFB current\n", "base64 of 32 bytes")]
    [InlineData("a not*base64*at*all*not*base64*at*all*not*base64 current\n", "base64 of 32 bytes")]
    public void A_damaged_file_is_refused_without_showing_a_key(string content, string expected)
    {
        File.WriteAllText(KeyFile, content);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var failure = Assert.Throws<VaultException>(() => LocalKeyFile.OpenOrCreate(KeyFile));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("QUFB", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("not*base64", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(KeyFile));
    }

    [Fact]
    public void A_file_edited_by_hand_with_spaces_and_line_ends_of_another_system_opens()
    {
        File.WriteAllText(KeyFile, $"# hello\r\n\r\n  old \t {FakeKey}  \r\nnew {FakeKey}\tcurrent");
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        Assert.Equal("new", keys.CurrentKeyId);
        Assert.Equal(["new", "old"], keys.KeyIds.Order());
    }

    [Fact]
    public void A_file_that_is_something_else_is_refused()
    {
        File.WriteAllBytes(KeyFile, new byte[100_000]);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("not an Ostiary key file", Assert.Throws<VaultException>(() => LocalKeyFile.OpenOrCreate(KeyFile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_where_no_file_can_be_made_is_a_clear_error()
    {
        File.WriteAllText(_folder.File("in-the-way"), "");
        var failure = Assert.Throws<VaultException>(() => LocalKeyFile.OpenOrCreate(_folder.File("in-the-way/keys")));
        Assert.Contains(_folder.File("in-the-way/keys"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_dispose_nothing_can_be_wrapped()
    {
        var keys = LocalKeyFile.OpenOrCreate(KeyFile);
        var id = keys.CurrentKeyId;
        keys.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await keys.WrapAsync(id, new byte[32], "row", Stop));
        Assert.Throws<ObjectDisposedException>(() => keys.CurrentKeyId);
        Assert.Throws<ObjectDisposedException>(() => keys.AddKey());
    }

    [Fact]
    public async Task A_wrap_racing_with_dispose_is_either_refused_or_opens_later()
    {
        LocalKeyFile.OpenOrCreate(KeyFile).Dispose();
        for (var round = 0; round < 50; round++)
        {
            var keys = LocalKeyFile.OpenOrCreate(KeyFile);
            var id = keys.CurrentKeyId;
            var wrapping = Task.Run(async () =>
            {
                var wrapped = new List<byte[]>();
                try
                {
                    while (true) wrapped.Add(await keys.WrapAsync(id, new byte[32], "row", Stop));
                }
                catch (ObjectDisposedException)
                {
                    return wrapped;
                }
            }, Stop);
            keys.Dispose();
            using var again = LocalKeyFile.OpenOrCreate(KeyFile);
            foreach (var wrapped in await wrapping) Assert.Equal(new byte[32], await again.UnwrapAsync(id, wrapped, "row", Stop));
        }
    }
}
