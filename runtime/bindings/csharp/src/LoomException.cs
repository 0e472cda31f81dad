using System;

namespace Loom
{
    /// <summary>What kind of error it was: a status of the C interface.</summary>
    public enum LoomStatus
    {
        /// <summary>An argument has a wrong size or is out of range.</summary>
        Argument = -1,
        /// <summary>Not in the format that is read here, or cut short.</summary>
        Format = -2,
        /// <summary>A file belongs to another model.</summary>
        Mismatch = -3,
        /// <summary>A file is damaged.</summary>
        Checksum = -4,
        /// <summary>This thread flushes subnormal numbers to zero, so results would differ.</summary>
        Subnormals = -5,
        /// <summary>Out of memory.</summary>
        Memory = -6,
        /// <summary>The model was not made for that.</summary>
        Unsupported = -7,
        /// <summary>A number is larger than the type can hold.</summary>
        Range = -8,
        /// <summary>There is nothing of that name.</summary>
        NotFound = -9,
        /// <summary>The tensor is constant.</summary>
        Constant = -10,
        /// <summary>The memory given is too small.</summary>
        Space = -11,
        /// <summary>The model was made for another version of the interface.</summary>
        Abi = -12,
        /// <summary>There is another one of that name.</summary>
        Exists = -13,
        /// <summary>The description or text is wrong.</summary>
        Description = -14,
        /// <summary>A result is infinite or no number.</summary>
        NotFinite = -15
    }

    /// <summary>What the library refused, in words, and where.</summary>
    public sealed class LoomException : Exception
    {
        /// <summary>Which kind of error.</summary>
        public LoomStatus Status { get; }

        /// <summary>The place in the JSON, as "/layers/3/type"; the name of a tensor or an argument; or "".</summary>
        public string Where { get; }

        /// <summary>The line of the text, from 1; 0 when the error is not in a text.</summary>
        public int Line { get; }

        /// <summary>The column of the text, from 1; 0 when the error is not in a text.</summary>
        public int Column { get; }

        /// <summary>One with the place added to its message.</summary>
        public LoomException(LoomStatus status, string message, string where = "", int line = 0, int column = 0)
            : base(WithPlace(message, where, line, column))
        {
            Status = status;
            Where = where;
            Line = line;
            Column = column;
        }

        static string WithPlace(string message, string where, int line, int column)
        {
            string at = where.StartsWith("/", StringComparison.Ordinal) ? "at " + where : "";
            string position = line > 0 ? "line " + line + ", column " + column : "";
            string place = at.Length > 0 && position.Length > 0 ? at + ", " + position : at + position;
            return place.Length > 0 ? message + " (" + place + ")" : message;
        }
    }
}
