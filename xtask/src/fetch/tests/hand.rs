//! Files that are here already: fetched before, placed by hand, or given by path.

use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;

use super::server::{Server, good, reply, whole};
use super::*;
use crate::fetch::disk::FolderLock;

const TAG: &str = "\"v1\"";

fn serving() -> Server {
    Server::start(|request| good(request, &content(), TAG))
}

fn gone() -> Server {
    Server::start(|_| reply("404 Not Found", &[("Content-Length", "0")], b""))
}

fn from(option: &str, path: &std::path::Path) -> FetchArgs {
    FetchArgs { from: vec![format!("{option}={}", path.display())], ..FetchArgs::default() }
}

#[test]
fn second_call_asks_nobody() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    world.assert_whole(&world.fetch());
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.table.contains("up to date"), "{}", said.table);
    // Without the remembered hash it is read again, and still no one is asked.
    fs::write(world.path(".stamp.json"), "{ damaged").unwrap();
    world.assert_whole(&world.fetch());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn remembered_hash_spares_reading_the_file_again() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    world.assert_whole(&world.fetch());
    // A change that keeps size and time is what the stamp cannot see: that no one notices shows the file was not read.
    let time = fs::metadata(world.path("")).unwrap().modified().unwrap();
    fs::write(world.path(""), vec![0; content().len()]).unwrap();
    fs::File::options().write(true).open(world.path("")).unwrap().set_modified(time).unwrap();
    assert_eq!(world.fetch().error, None);
    fs::File::options().write(true).open(world.path("")).unwrap().set_modified(time + Duration::from_secs(1)).unwrap();
    assert!(world.fetch().error.unwrap().contains("is not the file expected"));
}

#[test]
fn unknown_hash_is_pinned_by_the_first_file() {
    let server = serving();
    let world = World::with(&[server.url("/a")], "md5 = \"d41d8cd98f00b204e9800998ecf8427e\"");
    let first = world.fetch();
    world.assert_whole(&first);
    assert!(first.table.contains("hash remembered"), "{}", first.table);
    assert!(first.log.contains(&sha256(&content())) && first.log.contains("the MD5 d41d8cd98f00b204e9800998ecf8427e"), "{}", first.log);
    let second = world.fetch();
    world.assert_whole(&second);
    assert!(!second.table.contains("hash remembered"), "{}", second.table);
    fs::remove_file(world.path("")).unwrap();
    world.assert_whole(&world.fetch());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn pinned_hash_refuses_another_file() {
    let server = Server::start(|request| if request.number == 1 { whole(&content()) } else { whole(b"another file") });
    let world = World::with(&[server.url("/a")], "");
    world.assert_whole(&world.fetch());
    fs::remove_file(world.path("")).unwrap();
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains(&sha256(b"another file")) && error.contains(&sha256(&content())), "{error}");
}

#[test]
fn right_file_placed_by_hand_is_taken() {
    let server = gone();
    let world = World::new(&[server.url("/a")]);
    world.put("", &content());
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.table.contains("up to date"), "{}", said.table);
    assert!(server.requests().is_empty());
}

#[test]
fn file_placed_by_hand_of_unknown_hash_is_pinned() {
    let server = gone();
    let world = World::with(&[server.url("/a")], "");
    world.put("", &content());
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.table.contains("up to date, hash remembered"), "{}", said.table);
    world.put("", b"something else");
    let error = world.fetch().error.unwrap();
    assert!(error.contains("the first one here had") && error.contains(".stamp.json"), "{error}");
    assert_eq!(fs::read(world.path("")).unwrap(), b"something else");
}

#[test]
fn other_file_placed_by_hand_is_kept_and_reported() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    let mut same_size = content();
    same_size[0] ^= 1;
    for (other, why) in [(same_size, "its sha256 is"), (vec![1; 10], "it has 10 bytes, the catalogue says 1200000")] {
        world.put("", &other);
        let said = world.fetch();
        assert!(said.error.as_ref().unwrap().contains(why), "{:?}", said.error);
        assert!(said.table.contains("present, differs from the catalogue"), "{}", said.table);
        assert_eq!(fs::read(world.path("")).unwrap(), other);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn file_given_by_path_is_copied_and_checked() {
    let server = gone();
    let world = World::new(&[server.url("/a")]);
    let mine = world.dir.path().join("downloaded");
    fs::write(&mine, content()).unwrap();
    let said = world.run(&from("numbers", &mine));
    world.assert_whole(&said);
    assert!(said.table.contains("copied") && mine.exists(), "{}", said.table);
    // It is here now: what is given makes no difference any more.
    fs::write(&mine, b"changed").unwrap();
    let said = world.run(&from("numbers/numbers.bin", &mine));
    world.assert_whole(&said);
    assert!(said.table.contains("up to date"), "{}", said.table);
    assert!(server.requests().is_empty());
}

#[test]
fn folder_given_by_path_serves_the_files_it_holds() {
    let server = gone();
    let world = World::new(&[server.url("/a")]);
    let mine = world.dir.path().join("mine");
    fs::create_dir(&mine).unwrap();
    let empty = world.run(&from("numbers", &mine)).error.unwrap();
    assert!(empty.contains("holds none of its files: numbers.bin"), "{empty}");
    fs::write(mine.join("numbers.bin"), content()).unwrap();
    world.assert_whole(&world.run(&from("numbers", &mine)));
}

#[test]
fn wrong_file_given_by_path_is_refused() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    let mine = world.dir.path().join("mine.bin");
    for (bytes, why) in [(vec![5; content().len()], "its sha256 is"), (vec![5; 3], "it has 3 bytes, 1200000 are expected")] {
        fs::write(&mine, bytes).unwrap();
        let said = world.run(&from("numbers", &mine));
        let error = world.assert_no_trace(&said);
        assert!(error.contains(why) && error.contains("copy it to"), "{error}");
    }
    assert!(server.requests().is_empty(), "a file was given, so no one is asked");
}

#[test]
fn from_says_what_it_cannot_use() {
    let world = World::new(&[]);
    let here = world.dir.path().to_owned();
    let error = |option: &str, path: &str| world.run(&from(option, &here.join(path))).error.unwrap();
    assert!(error("number", "x").contains("did you mean `numbers`?"));
    assert!(error("numbers/number.bin", "x").contains("did you mean `numbers.bin`?"));
    assert!(error("numbers", "not-there").contains("there is no file or folder"));
    let args = FetchArgs { from: vec!["numbers".to_owned()], ..FetchArgs::default() };
    assert!(world.run(&args).error.unwrap().contains("expected NAME=PATH"));
}

#[cfg(unix)]
#[test]
fn read_only_folder_is_checked_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let content = content();
    for (known, state) in [(format!("sha256 = \"{}\"", sha256(&content)), "up to date\n"), (String::new(), "up to date, hash unknown\n")] {
        let world = World::with(&[], &known);
        world.put("", &content);
        let folder = world.data_dir().join("numbers");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        let said = world.fetch();
        let files = fs::read_dir(&folder).unwrap().count();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        world.assert_whole(&said);
        assert!(said.table.ends_with(state), "{}", said.table);
        assert_eq!(files, 1);
    }
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    fs::create_dir_all(world.data_dir()).unwrap();
    fs::write(world.data_dir().join("numbers"), "in the way").unwrap();
    let error = world.fetch().error.unwrap();
    assert!(error.contains(&world.data_dir().join("numbers").display().to_string()), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn folder_in_the_place_of_the_file_is_named() {
    let server = serving();
    let world = World::new(&[server.url("/a")]);
    fs::create_dir_all(world.path("")).unwrap();
    let error = world.fetch().error.unwrap();
    assert!(error.contains("it is not a file") && server.requests().is_empty(), "{error}");
}

#[test]
fn second_process_waits_and_then_has_nothing_to_do() {
    let server = gone();
    let world = World::new(&[server.url("/a")]);
    let other = FolderLock::acquire(&world.data_dir().join("numbers"), || panic!("no one else is there")).unwrap();
    let said = thread::scope(|scope| {
        let waiting = scope.spawn(|| world.fetch());
        while !world.log.text().contains("another process is writing to") {
            assert!(!waiting.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        world.put("", &content());
        drop(other);
        waiting.join().unwrap()
    });
    world.assert_whole(&said);
    assert!(server.requests().is_empty());
}

#[test]
fn many_at_once_fetch_once() {
    let server = serving();
    let world = Arc::new(World::new(&[server.url("/a")]));
    let barrier = Arc::new(Barrier::new(4));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let (world, barrier) = (Arc::clone(&world), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                world.fetch()
            })
        })
        .collect();
    for call in calls {
        world.assert_whole(&call.join().unwrap());
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn without_a_name_it_lists_what_there_is() {
    let world = World::new(&[]);
    let list = world.run(&FetchArgs::default());
    assert_eq!(list.error, None);
    assert!(list.table.contains("numbers   c1w2   1.20 MB  0 of 1      Numbers"), "{}", list.table);
    world.put("", &content());
    assert!(world.run(&FetchArgs::default()).table.contains("1 of 1"));
}

#[test]
fn week_without_data_says_so() {
    let world = World::new(&[]);
    let said = world.run(&FetchArgs { week: vec!["c1w1".to_owned()], ..FetchArgs::default() });
    assert_eq!(said.error, None);
    assert!(said.log.contains("c1w1: nothing to fetch"), "{}", said.log);
}

#[test]
fn d7_a_path_that_does_not_exist_is_named() {
    let world = World::new(&[]);
    let said = world.run(&from("numbers", std::path::Path::new("/nowhere/at/all")));
    assert!(said.error.unwrap().contains("there is no file or folder /nowhere/at/all"));
}

#[test]
fn d8_the_right_content_in_another_wrapper_is_good() {
    let set = "[[set]]\nid = \"temps\"\ntitle = \"Temperatures\"\nlicence = \"none\"\nweeks = [\"c4w4\"]";
    let file = "[[set.file]]\nname = \"daily-min-temperatures.csv\"\nurls = []\nbytes = 67921";
    let world = World { catalogue: Catalogue::from_toml(&format!("{set}\n{file}\n")).unwrap(), ..World::new(&[]) };
    let folder = world.data_dir().join("temps");
    fs::create_dir_all(&folder).unwrap();
    let temps = practicum_timeseries::datasets::builtin::temps().unwrap();
    let rows = temps.dates().unwrap().iter().zip(temps.values().unwrap()).map(|(date, value)| format!("{date},{value:.1}\n"));
    let mut text = format!("Date,Temp\n{}", rows.collect::<String>());
    let fetch = || world.run(&FetchArgs { names: vec!["temps".to_owned()], ..FetchArgs::default() });
    fs::write(folder.join("daily-min-temperatures.csv"), &text).unwrap();
    let said = fetch();
    assert_eq!(said.error, None, "{}", said.log);
    assert!(said.table.contains("another file with the same content"), "{}", said.table);
    text.truncate(text.len() / 2);
    fs::write(folder.join("daily-min-temperatures.csv"), &text).unwrap();
    assert!(fetch().error.unwrap().contains("1 of 1 files are not the ones expected"));
}
