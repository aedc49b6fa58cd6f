using System.Buffers;
using Microsoft.AspNetCore.Http.Features;

namespace Ostiary.Server.Http;

/// <summary>Section <c>Http</c>.</summary>
internal sealed class HttpOptions
{
    /// <summary>Largest request body in bytes; more is a 413. Default 1,000,000.</summary>
    public int LargestBody { get; set; } = 1_000_000;
}

/// <summary>The steps that surround every request under /v2, in the order in which Program.cs lists them.</summary>
internal static class Pipeline
{
    /// <summary>Longest path and query together, in characters as they were sent.</summary>
    public const int LongestAddress = 16_000;

    /// <summary>Gives the request its id, answers what nothing answered, and turns an unexpected exception into the envelope without its text.</summary>
    public static async Task Envelope(HttpContext http, RequestDelegate next, IdSource ids, ILogger logger)
    {
        var requestId = ids.New<RequestId>();
        http.Items[typeof(RequestId)] = requestId;
        http.Response.Headers["x-request-id"] = requestId.Value;
        try
        {
            if (http.Request.Path.Value!.Length + (http.Request.QueryString.Value?.Length ?? 0) > LongestAddress) await Reply.Fail(414, TransportFault(414)).ExecuteAsync(http);
            else await next(http);
        }
        catch (BadHttpRequestException exception) when (!http.Response.HasStarted)
        {
            await Reply.Fail(exception.StatusCode, TransportFault(exception.StatusCode)).ExecuteAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to answer.
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            Log.RequestFailed(logger, requestId.Value, exception);
            http.Response.Clear();
            http.Response.Headers["x-request-id"] = requestId.Value;
            await Reply.Fail(500, new Fault("api", "api_error", $"Something went wrong on our side. Quote {requestId.Value} when you report it; nothing was changed unless a later read shows it.")).ExecuteAsync(http);
        }

        if (!http.Response.HasStarted && http.Response.StatusCode >= 400 && http.Response.ContentLength is null)
            await Reply.Fail(http.Response.StatusCode, TransportFault(http.Response.StatusCode)).ExecuteAsync(http);
    }

    /// <summary>Reads the whole body into one array that is wiped at the end of the request: it may hold a password.</summary>
    public static async Task Body(HttpContext http, RequestDelegate next, HttpOptions options)
    {
        // A GET says everything in its address; what some clients send along with it means nothing (RFC 9110, section 9.3.1).
        if (ApiCall.Of(http) is not { } call || !HasBody(http) || HttpMethods.IsGet(http.Request.Method))
        {
            await next(http);
            return;
        }

        if (http.Request.ContentLength > options.LargestBody)
        {
            await TooLarge(options).ExecuteAsync(http);
            return;
        }

        if (!IsJson(http.Request.ContentType) && http.Request.ContentLength is not 0)
        {
            await Reply.Fail(415, new Fault("request", "input_invalid", "Send the body as JSON with `Content-Type: application/json`.")).ExecuteAsync(http);
            return;
        }

        if (http.Request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            await Reply.Fail(415, new Fault("request", "input_invalid", "Send the body as it is, without `Content-Encoding`.")).ExecuteAsync(http);
            return;
        }

        try
        {
            if (await ReadAsync(http.Request, options.LargestBody, http.RequestAborted) is not { } body)
            {
                await TooLarge(options).ExecuteAsync(http);
                return;
            }

            call.Body = body;
            await next(http);
        }
        finally
        {
            call.Wipe();
        }
    }

    private static Reply TooLarge(HttpOptions options) => Reply.Fail(413, new Fault("request", "body_too_large", $"The body is larger than {options.LargestBody} bytes."));

    private static bool HasBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    private static bool IsJson(string? contentType)
    {
        // No content type: some clients send a bare body; the parser decides.
        if (string.IsNullOrEmpty(contentType)) return true;
        var type = contentType.Split(';', 2)[0].Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Equals("text/json", StringComparison.OrdinalIgnoreCase)
            || (type.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<byte[]?> ReadAsync(HttpRequest request, int largest, CancellationToken cancellationToken)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            if (buffer.Length > largest)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                return null;
            }

            if (result.IsCompleted)
            {
                var body = GC.AllocateUninitializedArray<byte>((int)buffer.Length, pinned: true);
                buffer.CopyTo(body);
                // The pipe's own pages are pooled and go to other requests: leave nothing in them.
                foreach (var segment in buffer)
                {
                    if (System.Runtime.InteropServices.MemoryMarshal.TryGetArray(segment, out var array)) System.Security.Cryptography.CryptographicOperations.ZeroMemory(array);
                }

                reader.AdvanceTo(buffer.End);
                return body;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static Fault TransportFault(int status) => status switch
    {
        404 => new Fault("request", "route_not_found", "There is no such route; see the API reference."),
        405 => new Fault("request", "method_not_allowed", "This route does not answer this method; see the API reference."),
        413 => new Fault("request", "body_too_large", "The body is too large."),
        414 => new Fault("request", "input_invalid", $"The address and its query are longer than {LongestAddress} characters."),
        408 => new Fault("request", "input_invalid", "The request did not arrive in time."),
        >= 500 => new Fault("api", "api_error", "Something went wrong on our side."),
        _ => new Fault("request", "input_invalid", "The request is not valid HTTP for this route."),
    };
}
