// The codec: every message of the protocol to a value and back, with the bytes that names may have.

#include "remote/protocol.h"

#include <string>

#include "tests/support/catch.h"

using namespace microstage::remote;
using Kind = Incoming::Kind;

namespace {

const std::string kKey = "SHA256E-s5--abc.tif";

struct RequestLine {
  std::string line;
  RequestType type;
  std::string key;
  std::string file;
};

Request request(RequestType type, const std::string& key = {}) {
  return {type, key, {}};
}

}  // namespace

TEST_CASE("each request is taken apart") {
  const std::string hostile = "a b  c\t\xc2\xa0\xff\\\"'%00 ";
  const auto row = GENERATE_COPY(
      RequestLine{"INITREMOTE", RequestType::init_remote, "", ""},
      RequestLine{"PREPARE", RequestType::prepare, "", ""},
      RequestLine{"PREPARE ", RequestType::prepare, "", ""},
      RequestLine{"GETCOST", RequestType::get_cost, "", ""},
      RequestLine{"GETAVAILABILITY", RequestType::get_availability, "", ""},
      RequestLine{"GETINFO", RequestType::get_info, "", ""},
      RequestLine{"CHECKPRESENT " + kKey, RequestType::check_present, kKey, ""},
      RequestLine{"REMOVE " + kKey, RequestType::remove, kKey, ""},
      RequestLine{"WHEREIS " + kKey, RequestType::where_is, kKey, ""},
      RequestLine{"TRANSFER STORE " + kKey + " f", RequestType::store, kKey, "f"},
      RequestLine{"TRANSFER RETRIEVE " + kKey + " .git/annex/tmp/x", RequestType::retrieve, kKey,
                  ".git/annex/tmp/x"},
      // The last parameter takes the rest of the line: blanks inside, in front, behind, and any other byte.
      RequestLine{"TRANSFER STORE " + kKey + " " + hostile, RequestType::store, kKey, hostile},
      RequestLine{"TRANSFER STORE " + kKey + "  f", RequestType::store, kKey, " f"},
      RequestLine{"TRANSFER STORE " + kKey + " f\r", RequestType::store, kKey, "f\r"},
      RequestLine{"TRANSFER RETRIEVE " + kKey + " \xfe\xff", RequestType::retrieve, kKey, "\xfe\xff"},
      RequestLine{"CHECKPRESENT MD5--a b", RequestType::check_present, "MD5--a b", ""});
  CAPTURE(row.line);
  const Incoming incoming = parse_line(row.line);
  CHECK(incoming.kind == Kind::request);
  CHECK(incoming.request.type == row.type);
  CHECK(incoming.request.key == row.key);
  CHECK(incoming.request.file == row.file);
}

TEST_CASE("what is no request has a kind and a text") {
  struct Row {
    std::string line;
    Kind kind;
    std::string text;
  };
  const auto row =
      GENERATE(Row{"EXTENSIONS INFO ASYNC", Kind::extensions, "INFO ASYNC"},
               Row{"EXTENSIONS", Kind::extensions, ""}, Row{"EXTENSIONS ", Kind::extensions, ""},
               Row{"LISTCONFIGS", Kind::list_configs, ""}, Row{"EXPORT a b/c", Kind::export_name, "a b/c"},
               Row{"EXPORT  ../\xff\t ", Kind::export_name, " ../\xff\t "}, Row{"VALUE", Kind::value, ""},
               Row{"VALUE ", Kind::value, ""}, Row{"VALUE a  b ", Kind::value, "a  b "},
               Row{"VALUE  a", Kind::value, " a"}, Row{"VALUE \xff\t", Kind::value, "\xff\t"},
               Row{"CREDS user pass word", Kind::value, "user pass word"},
               Row{"ERROR no such thing", Kind::error, "no such thing"}, Row{"ERROR", Kind::error, ""});
  CAPTURE(row.line);
  const Incoming incoming = parse_line(row.line);
  CHECK(incoming.kind == row.kind);
  CHECK(incoming.text == row.text);
}

TEST_CASE("requests about exported files are taken apart, and those that follow EXPORT are marked") {
  const std::string hostile = "a b  c\t\xff/../ ";
  struct Row {
    std::string line;
    Request request;
    bool needs_export;
  };
  const auto row = GENERATE_COPY(
      Row{"EXPORTSUPPORTED", request(RequestType::export_supported), false},
      Row{"TRANSFEREXPORT STORE K " + hostile, {RequestType::store, "K", hostile}, true},
      Row{"TRANSFEREXPORT RETRIEVE K f", {RequestType::retrieve, "K", "f"}, true},
      Row{"CHECKPRESENTEXPORT K", request(RequestType::check_present, "K"), true},
      Row{"REMOVEEXPORT K", request(RequestType::remove, "K"), true},
      Row{"RENAMEEXPORT K " + hostile, {RequestType::rename_export, "K", "", "", hostile}, true},
      Row{"REMOVEEXPORTDIRECTORY " + hostile,
          {RequestType::remove_export_directory, "", "", hostile},
          false});
  CAPTURE(row.line);
  const Incoming incoming = parse_line(row.line);
  CHECK(incoming.kind == Kind::request);
  CHECK(incoming.needs_export == row.needs_export);
  CHECK(incoming.request.type == row.request.type);
  CHECK(incoming.request.key == row.request.key);
  CHECK(incoming.request.file == row.request.file);
  CHECK(incoming.request.export_name == row.request.export_name);
  CHECK(incoming.request.new_name == row.request.new_name);
}

TEST_CASE("replies about exported files") {
  const Request rename{RequestType::rename_export, "K", "", "a", "b"};
  CHECK(success_reply(rename) == "RENAMEEXPORT-SUCCESS K");
  CHECK(failure_reply(rename, "there is no place for this") == "RENAMEEXPORT-FAILURE K");
  const Request directory{RequestType::remove_export_directory, "", "", "d", ""};
  CHECK(success_reply(directory) == "REMOVEEXPORTDIRECTORY-SUCCESS");
  CHECK(failure_reply(directory, "nor for this") == "REMOVEEXPORTDIRECTORY-FAILURE");
  CHECK(success_reply(request(RequestType::export_supported)) == "EXPORTSUPPORTED-SUCCESS");
  CHECK(failure_reply(request(RequestType::export_supported), "nor this") == "EXPORTSUPPORTED-FAILURE");
  CHECK(failure_reply({RequestType::store, "K", "f", "n", ""}, "a\nb") == "TRANSFER-FAILURE STORE K a b");
}

TEST_CASE("a request that we know but that lacks a parameter is malformed") {
  const std::string line = GENERATE(
      "TRANSFER", "TRANSFER ", "TRANSFER STORE", "TRANSFER STORE ", "TRANSFER STORE K", "TRANSFER STORE K ",
      "TRANSFER RETRIEVE K", "TRANSFER RETRIEVE  f", "TRANSFER MOVE K f", "TRANSFER  STORE K f",
      "TRANSFER store K f", "TRANSFEREXPORT", "TRANSFEREXPORT STORE K", "TRANSFEREXPORT MOVE K f",
      "CHECKPRESENTEXPORT", "REMOVEEXPORT ", "RENAMEEXPORT", "RENAMEEXPORT K", "RENAMEEXPORT K ",
      "REMOVEEXPORTDIRECTORY", "REMOVEEXPORTDIRECTORY ", "EXPORT", "EXPORT ", "CHECKPRESENT", "CHECKPRESENT ",
      "REMOVE", "REMOVE ", "WHEREIS", "WHEREIS ");
  CAPTURE(line);
  CHECK(parse_line(line).kind == Kind::malformed);
}

TEST_CASE("what we do not know is unsupported, not an error") {
  const std::string line =
      GENERATE("", " ", "prepare", "PREPARED", " PREPARE", "GETORDERED", "CLAIMURL http://x", "CHECKURL x",
               "IMPORTSUPPORTED", "LISTIMPORTABLECONTENTS", "PREPARE\tx", "PREPARE\xc2\xa0x", "REMOVE\tK",
               "\xff\xfe", "SOMETHINGNEW with words", "J 1 PREPARE");
  CAPTURE(line);
  CHECK(parse_line(line).kind == Kind::unsupported);
}

TEST_CASE("job numbers are taken off and put on") {
  struct Row {
    std::string line;
    JobId job;  // 0: none
    std::string rest;
  };
  const auto row =
      GENERATE(Row{"J 1 PREPARE", 1, "PREPARE"}, Row{"J 18446744073709551615 x", 18446744073709551615U, "x"},
               Row{"J 7 VALUE ", 7, "VALUE "}, Row{"J 7", 7, ""}, Row{"J 7 ", 7, ""},
               Row{"J 0 PREPARE", 0, "J 0 PREPARE"}, Row{"J -1 PREPARE", 0, "J -1 PREPARE"},
               Row{"J +1 PREPARE", 0, "J +1 PREPARE"}, Row{"J x PREPARE", 0, "J x PREPARE"},
               Row{"J 1x PREPARE", 0, "J 1x PREPARE"}, Row{"J  1 PREPARE", 0, "J  1 PREPARE"},
               Row{"J1 PREPARE", 0, "J1 PREPARE"}, Row{"J", 0, "J"}, Row{"PREPARE", 0, "PREPARE"},
               Row{"J 18446744073709551616 x", 0, "J 18446744073709551616 x"});
  CAPTURE(row.line);
  std::string_view rest = row.line;
  CHECK(take_job_prefix(rest).value_or(0) == row.job);
  CHECK(rest == row.rest);
  CHECK(with_job_prefix(3, "VALUE ") == "J 3 VALUE ");
  CHECK(with_job_prefix(0, "VALUE ") == "VALUE ");
}

TEST_CASE("replies") {
  struct Row {
    Request request;
    std::string success;
    std::string failure;  // for the reason "why not"
  };
  const std::string none = "UNSUPPORTED-REQUEST";
  const auto row = GENERATE_COPY(
      Row{request(RequestType::init_remote), "INITREMOTE-SUCCESS", "INITREMOTE-FAILURE why not"},
      Row{request(RequestType::prepare), "PREPARE-SUCCESS", "PREPARE-FAILURE why not"},
      Row{request(RequestType::store, kKey), "TRANSFER-SUCCESS STORE " + kKey,
          "TRANSFER-FAILURE STORE " + kKey + " why not"},
      Row{request(RequestType::retrieve, kKey), "TRANSFER-SUCCESS RETRIEVE " + kKey,
          "TRANSFER-FAILURE RETRIEVE " + kKey + " why not"},
      Row{request(RequestType::check_present, kKey), "CHECKPRESENT-SUCCESS " + kKey,
          "CHECKPRESENT-UNKNOWN " + kKey + " why not"},
      Row{request(RequestType::remove, kKey), "REMOVE-SUCCESS " + kKey,
          "REMOVE-FAILURE " + kKey + " why not"},
      Row{request(RequestType::where_is, kKey), none, "WHEREIS-FAILURE"},
      Row{request(RequestType::get_cost), none, none},
      Row{request(RequestType::get_availability), none, none},
      Row{request(RequestType::get_info), none, none});
  CHECK(success_reply(row.request) == row.success);
  CHECK(failure_reply(row.request, "why not") == row.failure);
}

TEST_CASE("a reply is one line whatever the reason is") {
  const Request store = request(RequestType::store, kKey);
  CHECK(failure_reply(store, "one\ntwo\r\nthree\tfour\x7f") ==
        "TRANSFER-FAILURE STORE " + kKey + " one two three four");
  CHECK(failure_reply(store, std::string_view{"a\0b", 3}) == "TRANSFER-FAILURE STORE " + kKey + " a b");
  CHECK(failure_reply(store, "caf\xc3\xa9 \xff") == "TRANSFER-FAILURE STORE " + kKey + " caf\xc3\xa9 \xff");
  // An empty parameter still needs its blank.
  CHECK(failure_reply(store, "") == "TRANSFER-FAILURE STORE " + kKey + " ");
  CHECK(failure_reply(request(RequestType::prepare), "\n") == "PREPARE-FAILURE ");
}

TEST_CASE("a key is echoed byte for byte, and absence carries no text") {
  const std::string key = "WORM-s1--\xff&%:caf\xc3\xa9";
  CHECK(success_reply(request(RequestType::check_present, key)) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(absent_reply(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("the remaining replies") {
  CHECK(cost_reply(90) == "COST 90");
  CHECK(availability_reply(Availability::local) == "AVAILABILITY LOCAL");
  CHECK(availability_reply(Availability::global) == "AVAILABILITY GLOBAL");
  CHECK(availability_reply(Availability::unavailable) == "AVAILABILITY UNAVAILABLE");
  CHECK(where_is_reply("/data/x\ny") == "WHEREIS-SUCCESS /data/x y");
  CHECK(info_reply({}) == std::vector<std::string>{"INFOEND"});
  CHECK(info_reply({{"store", "a\nb"}, {"empty", ""}}) ==
        std::vector<std::string>{"INFOFIELD store", "INFOVALUE a b", "INFOFIELD empty", "INFOVALUE ",
                                 "INFOEND"});
  CHECK(configs_reply({{"url", "the store"}}) ==
        std::vector<std::string>{"CONFIG url the store", "CONFIGEND"});
}
