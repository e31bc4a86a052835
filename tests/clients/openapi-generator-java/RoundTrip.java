import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import notes.client.ApiClient;
import notes.client.ApiException;
import notes.client.ApiResponse;
import notes.client.api.AuthApi;
import notes.client.api.AuthApi.APICreateTokenRequest;
import notes.client.api.AuthApi.APIRegisterUserRequest;
import notes.client.api.NotesApi;
import notes.client.api.NotesApi.APICreateNoteRequest;
import notes.client.api.NotesApi.APIDeleteNoteRequest;
import notes.client.api.NotesApi.APIEditNoteRequest;
import notes.client.api.NotesApi.APIGetNoteRequest;
import notes.client.api.NotesApi.APIListNotesRequest;
import notes.client.api.NotesApi.APIPatchNoteRequest;
import notes.client.model.AppendEdit;
import notes.client.model.FieldError;
import notes.client.model.Note;
import notes.client.model.NoteChangedProblem;
import notes.client.model.NoteCreate;
import notes.client.model.NoteEdits;
import notes.client.model.NoteEdit;
import notes.client.model.NoteOrder;
import notes.client.model.NotePatch;
import notes.client.model.Problem;
import notes.client.model.Token;
import notes.client.model.User;
import notes.client.model.UserCreate;
import notes.client.model.ValidationProblem;

/** A stranger's program: everything a client of notes needs, through the generated package only. */
final class RoundTrip {
  private static final Pattern NEXT = Pattern.compile("<([^>]*)>; rel=\"next\"");
  private static final Pattern CURSOR = Pattern.compile("(?:^|&)cursor=([^&]+)");

  private final ApiClient client = new ApiClient();
  private final AuthApi auth;
  private final NotesApi notes;

  private RoundTrip(String server) {
    client.updateBaseUri(server);
    auth = new AuthApi(client);
    Token token = logIn();
    expect(token.getTokenType() == Token.TokenTypeEnum.BEARER, "the token is no bearer token");
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token.getAccessToken()));
    notes = new NotesApi(client);
  }

  public static void main(String[] arguments) {
    RoundTrip trip = new RoundTrip(arguments[0]);
    List<Note> created = trip.create(5);
    int pages = trip.listAll(2, created);
    trip.change(created.get(0));
    trip.beRefused();
    trip.delete(created.get(1));
    System.out.printf(
        "round trip ok: %d notes in %d pages, 412 with the current version, 422 with its fields, 404 after 204%n",
        created.size(), pages);
  }

  private Token logIn() {
    String email = "java-" + UUID.randomUUID() + "@example.com";
    String password = "correct horse battery staple";
    UserCreate account = new UserCreate().email(email).password(password);
    ApiResponse<User> user =
        answer(201, () -> auth.registerUserWithHttpInfo(APIRegisterUserRequest.newBuilder().userCreate(account).build()));
    expect(user.getData().getEmail().equals(email) && user.getData().getIsActive(), "the account is not the one registered");
    APICreateTokenRequest grant = APICreateTokenRequest.newBuilder().username(email).password(password).build();
    return answer(200, () -> auth.createTokenWithHttpInfo(grant)).getData();
  }

  private List<Note> create(int count) {
    List<Note> created = new ArrayList<>();
    for (int number = 0; number < count; number++) {
      NoteCreate body = new NoteCreate().title("Note " + number).content("Text").tags(List.of("client"));
      Note note = answer(201, () -> notes.createNoteWithHttpInfo(createNote(body))).getData();
      expect(note.getTitle().equals(body.getTitle()) && note.getTags().equals(body.getTags()), "not the note created");
      expect(note.getVersion() == 1, "a new note is not version 1");
      created.add(note);
    }
    return created;
  }

  private int listAll(int limit, List<Note> created) {
    List<UUID> seen = new ArrayList<>();
    Optional<String> cursor = Optional.empty();
    int pages = 0;
    do {
      APIListNotesRequest request =
          APIListNotesRequest.newBuilder().sort(NoteOrder.TitleDescending).limit(limit).cursor(cursor.orElse(null)).build();
      ApiResponse<List<Note>> page = answer(200, () -> notes.listNotesWithHttpInfo(request));
      expect(page.getData().size() <= limit, "a page is longer than its limit");
      page.getData().forEach(note -> seen.add(note.getId()));
      pages++;
      cursor = first(page, "link").flatMap(RoundTrip::nextCursor);
    } while (cursor.isPresent());
    Collections.reverse(seen);
    expect(seen.equals(created.stream().map(Note::getId).toList()), "not every note once, from the last title to the first");
    expect(pages == 3, "5 notes came in %d pages of 2".formatted(pages));
    return pages;
  }

  private void change(Note note) {
    ApiResponse<Note> read = answer(200, () -> notes.getNoteWithHttpInfo(getNote(note)));
    String tag = first(read, "etag").orElse("");
    NotePatch patch = new NotePatch().title("Renamed");
    APIPatchNoteRequest request = APIPatchNoteRequest.newBuilder().noteId(note.getId()).notePatch(patch).ifMatch(tag).build();
    ApiResponse<Note> patched = answer(200, () -> notes.patchNoteWithHttpInfo(request));
    int version = patched.getData().getVersion();
    expect(patched.getData().getTitle().equals("Renamed") && version == note.getVersion() + 1, "not the next version");
    expect(!first(patched, "etag").orElse(tag).equals(tag), "the entity tag did not change");

    NoteChangedProblem changed = refusal(412, NoteChangedProblem.class, () -> notes.patchNoteWithHttpInfo(request));
    expect(changed.getCurrent().getVersion() == version, "412 does not hold the note as it is now");
    expect(changed.getBase().getTitle().equals(note.getTitle()), "412 does not hold the version read");

    AppendEdit append = new AppendEdit().op(AppendEdit.OpEnum.APPEND).text("More");
    NoteEdits edits = new NoteEdits().addEditsItem(new NoteEdit(append));
    APIEditNoteRequest edit = APIEditNoteRequest.newBuilder().noteId(note.getId()).noteEdits(edits).build();
    Note edited = answer(200, () -> notes.editNoteWithHttpInfo(edit)).getData().getNote();
    expect(edited.getContent().equals(note.getContent() + "\nMore"), "the edit did not append");
  }

  private void beRefused() {
    NoteCreate body = new NoteCreate().title("").content("Text");
    ValidationProblem invalid = refusal(422, ValidationProblem.class, () -> notes.createNoteWithHttpInfo(createNote(body)));
    List<FieldError> errors = invalid.getErrors();
    expect(
        errors.stream().anyMatch(error -> error.getPointer().equals("/title") && error.getType().equals("string_too_short")),
        "422 lists " + errors);
  }

  private void delete(Note note) {
    answer(204, () -> notes.deleteNoteWithHttpInfo(APIDeleteNoteRequest.newBuilder().noteId(note.getId()).build()));
    Problem gone = refusal(404, Problem.class, () -> notes.getNoteWithHttpInfo(getNote(note)));
    expect(gone.getType().equals("/problems/not-found") && gone.getStatus() == 404, "404 is another problem");
  }

  private static APICreateNoteRequest createNote(NoteCreate body) {
    return APICreateNoteRequest.newBuilder().noteCreate(body).build();
  }

  private static APIGetNoteRequest getNote(Note note) {
    return APIGetNoteRequest.newBuilder().noteId(note.getId()).build();
  }

  private static Optional<String> nextCursor(String link) {
    return NEXT.matcher(link).results().findFirst()
        .flatMap(next -> CURSOR.matcher(URI.create(next.group(1)).getQuery()).results().findFirst())
        .map(cursor -> cursor.group(1));
  }

  private static <T> Optional<String> first(ApiResponse<T> response, String header) {
    return HttpHeaders.of(response.getHeaders(), (name, value) -> true).firstValue(header);
  }

  private interface Call<T> {
    ApiResponse<T> make() throws ApiException;
  }

  private static <T> ApiResponse<T> answer(int status, Call<T> call) {
    try {
      ApiResponse<T> response = call.make();
      expect(response.getStatusCode() == status, "%d instead of %d".formatted(response.getStatusCode(), status));
      return response;
    } catch (ApiException exception) {
      throw new AssertionError("round trip failed: " + exception.getMessage(), exception);
    }
  }

  /** The generated exception has the body as text only; the mapper of the generated client reads it into the generated model. */
  private <T, P> P refusal(int status, Class<P> problem, Call<T> call) {
    try {
      call.make();
    } catch (ApiException exception) {
      expect(exception.getCode() == status, "%d instead of %d".formatted(exception.getCode(), status));
      try {
        return client.getObjectMapper().readValue(exception.getResponseBody(), problem);
      } catch (JsonProcessingException unreadable) {
        throw new AssertionError("round trip failed: %d holds no %s".formatted(status, problem.getSimpleName()), unreadable);
      }
    }
    throw new AssertionError("round trip failed: not refused with %d".formatted(status));
  }

  private static void expect(boolean condition, String what) {
    if (!condition) throw new AssertionError("round trip failed: " + what);
  }
}
