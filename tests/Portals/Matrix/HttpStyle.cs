namespace Ostiary.Portals.Matrix;

/// <summary>The server asks by a header (RFC 7617, RFC 7616); there is no page before.</summary>
internal abstract class HttpStyle : Style;
