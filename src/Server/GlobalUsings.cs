// Two of our words are also words of the framework; here they are ours.
global using EventId = Ostiary.Server.Http.EventId;
global using SessionOptions = Ostiary.Server.Sessions.SessionOptions;
